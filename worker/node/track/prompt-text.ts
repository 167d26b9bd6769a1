/** Pure: prompts as they stand on a command line. */
import type { Alternative } from "../../alternatives.ts";
import { UsageError } from "../terminal/command.ts";

export type PromptText =
  | { kind: "point"; frame: number | null; x: number; y: number; label: 0 | 1; alternative: Alternative }
  | { kind: "box"; frame: number | null; box: [x0: number, y0: number, x1: number, y1: number] }
  | { kind: "mask"; frame: number | null; file: string };

/** "X,Y", then ",+" or ",-", then ",2nd" or ",3rd", then "@FRAME" where it isn't the first one. */
export function parsePoint(text: string): PromptText {
  const { body, frame } = splitFrame(text, "--point");
  const [place, sign, choice] =
    /^([^,]*,[^,]*)(?:,\s*([+-])\s*)?(?:,\s*(2nd|3rd)\s*)?$/.exec(body)?.slice(1) ?? [];
  if (place === undefined) {
    throw new UsageError(
      `--point is X,Y[,-][,2nd|,3rd][@FRAME], for example 320,180 or 320,180,-@12; got "${text}".`,
    );
  }
  const [x, y] = numbers(place.split(","), "--point", text) as [number, number];
  const alternative = choice === "2nd" ? 1 : choice === "3rd" ? 2 : 0;
  return { kind: "point", frame, x, y, label: sign === "-" ? 0 : 1, alternative };
}

/** "X0,Y0,X1,Y1", then "@FRAME". */
export function parseBox(text: string): PromptText {
  const { body, frame } = splitFrame(text, "--box");
  const parts = body.split(",");
  if (parts.length !== 4) {
    throw new UsageError(`--box is X0,Y0,X1,Y1[@FRAME], for example 100,80,220,160; got "${text}".`);
  }
  const box = numbers(parts, "--box", text) as [number, number, number, number];
  if (box[2] <= box[0] || box[3] <= box[1]) {
    throw new UsageError(`--box goes from top left to bottom right (X0 < X1, Y0 < Y1); got "${text}".`);
  }
  return { kind: "box", frame, box };
}

/** A file name, then "@FRAME"; an "@" that no number follows belongs to the name. */
export function parseMask(text: string): PromptText {
  const match = /^(.*)@(\d+)$/s.exec(text);
  const file = match ? match[1]! : text;
  if (file === "") throw new UsageError(`--mask is FILE[@FRAME], got "${text}".`);
  return { kind: "mask", frame: match ? Number(match[2]) : null, file };
}

function splitFrame(text: string, option: string): { body: string; frame: number | null } {
  const at = text.lastIndexOf("@");
  if (at < 0) return { body: text, frame: null };
  const frame = text.slice(at + 1);
  if (!/^\d+$/.test(frame)) {
    throw new UsageError(`${option}: a frame number follows the @, counted from 0; got "${text}".`);
  }
  return { body: text.slice(0, at), frame: Number(frame) };
}

function numbers(parts: readonly string[], option: string, text: string): number[] {
  return parts.map((part) => {
    const value = Number(part);
    if (part.trim() !== "" && Number.isFinite(value)) return value;
    throw new UsageError(`${option}: "${part}" in "${text}" is not a number; coordinates are source pixels.`);
  });
}
