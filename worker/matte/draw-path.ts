/** Runs anywhere: Bézier paths back to a raster, as a mask in a host draws them. */
import type { AlphaRegion, Box, Size } from "./alpha-region.ts";
import { cubic } from "./fit-bezier.ts";
import type { BezierPath } from "./path-types.ts";

/** Straight pieces per Bézier segment: under 1/50 pixel off for segments of up to 100 pixels. */
const PIECES = 12;
/** Lines per pixel row; coverage along a line is exact. */
const LINES = 16;

/** x, y, x, y … along a closed path, `pieces` points per segment. */
export function flattenPath(path: BezierPath, pieces = PIECES): Float64Array {
  const points = new Float64Array(path.length * pieces * 2);
  let at = 0;
  path.forEach((a, i) => {
    const b = path[(i + 1) % path.length]!;
    for (let piece = 0; piece < pieces; piece++) {
      const t = piece / pieces;
      points[at++] = cubic(a.x, a.x + a.outX, b.x + b.inX, b.x, t);
      points[at++] = cubic(a.y, a.y + a.outY, b.y + b.inY, b.y, t);
    }
  });
  return points;
}

/** Coverage, 0 to 1, of what the closed path encloses (non-zero winding), over `box`. */
export function drawPath(path: BezierPath, box: Box, frame: Size): AlphaRegion {
  const alpha = new Float32Array(box.width * box.height);
  const crossings = collectCrossings(flattenPath(path), box);
  crossings.forEach((line, number) => {
    line.sort((a, b) => a.x - b.x);
    const row = Math.floor(number / LINES) * box.width;
    let winding = 0;
    for (let i = 0; i + 1 < line.length; i++) {
      winding += line[i]!.down;
      if (winding !== 0) coverSpan(alpha, row, box.width, line[i]!.x - box.x, line[i + 1]!.x - box.x);
    }
  });
  for (let i = 0; i < alpha.length; i++) alpha[i] = Math.min(1, alpha[i]!);
  return { ...box, frame, alpha };
}

interface Crossing {
  x: number;
  down: 1 | -1;
}

function collectCrossings(points: Float64Array, box: Box): Crossing[][] {
  const lines: Crossing[][] = Array.from({ length: box.height * LINES }, () => []);
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    const [ax, ay, bx, by] = [points[j]!, points[j + 1]!, points[i]!, points[i + 1]!];
    if (ay === by) continue;
    const [top, bottom] = ay < by ? [ay, by] : [by, ay];
    // Line k lies at y = box.y + (k + 0.5) / LINES.
    const first = Math.max(0, Math.ceil((top - box.y) * LINES - 0.5));
    const last = Math.min(lines.length - 1, Math.ceil((bottom - box.y) * LINES - 0.5) - 1);
    for (let k = first; k <= last; k++) {
      const y = box.y + (k + 0.5) / LINES;
      lines[k]!.push({ x: ax + ((bx - ax) * (y - ay)) / (by - ay), down: ay < by ? 1 : -1 });
    }
  }
  return lines;
}

function coverSpan(alpha: Float32Array, row: number, width: number, x0: number, x1: number): void {
  const from = Math.max(0, x0);
  const to = Math.min(width, x1);
  for (let x = Math.floor(from); x < to; x++)
    alpha[row + x]! += (Math.min(to, x + 1) - Math.max(from, x)) / LINES;
}
