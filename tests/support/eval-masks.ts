/** Small masks for tests, drawn as text or as rectangles. */
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";

/** One string per row, "1" inside. */
export function mask(...rows: string[]): BinaryMask {
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(""), Number) };
}

export function rectangle(
  width: number,
  height: number,
  left: number,
  top: number,
  across: number,
  down: number,
): BinaryMask {
  const data = new Uint8Array(width * height);
  for (let y = top; y < top + down; y++) data.fill(1, y * width + left, y * width + left + across);
  return { width, height, data };
}
