/** Runs in Node: what can be known to be wrong about operations before any model is loaded. */
import { readFile } from "node:fs/promises";
import { decodePngMask, type PngMask } from "../../frames/decode-png.ts";
import { assertInClip } from "../../frames/frame-range.ts";
import type { ClipInfo } from "../../protocol.ts";
import { noPrompt } from "../../session-errors.ts";
import { TrackerError } from "../../tracker-error.ts";
import type { MaskOperation, Operation, PointsOperation, VisibilityOperation } from "./operation.ts";

/** Mask files by the name that the operations give them. */
export type MaskFiles = Map<string, PngMask>;

/**
 * Checks frames, coordinates and mask files.
 *
 * `allowEmpty`: an empty mask says that the object is absent, which a script may want and a person with
 * one mask file does not.
 *
 * @throws TrackerError
 */
export async function checkOperations(
  operations: readonly Operation[],
  info: ClipInfo,
  allowEmpty: boolean,
): Promise<MaskFiles> {
  const masks: MaskFiles = new Map();
  let prompted = false;
  for (const operation of operations) {
    if ("frame" in operation) assertInClip(info, operation.frame);
    if (operation.op === "visibility") checkVisibility(operation, operations, info);
    if (operation.op === "points") checkPoints(operation, info);
    if (operation.op === "mask") masks.set(operation.file, await readMask(operation, info, allowEmpty));
    prompted ||= operation.op === "points" || operation.op === "mask";
    if (operation.op !== "propagate") continue;
    if (!prompted) throw noPrompt("There is nothing to track yet");
    if (operation.start !== undefined) assertInClip(info, operation.start);
  }
  return masks;
}

/** Anywhere in a script: words on visibility hold for all of its mattes. */
function checkVisibility(
  { object, to }: VisibilityOperation,
  operations: readonly Operation[],
  info: ClipInfo,
): void {
  assertInClip(info, to);
  if (operations.some((each) => (each.op === "points" || each.op === "mask") && each.object === object))
    return;
  throw badPrompt(
    `Visibility is said of "${object}", which has no prompt.`,
    "Name an object that the script clicks, boxes or masks.",
  );
}

function checkPoints({ points, box }: PointsOperation, info: ClipInfo): void {
  const { width, height } = info;
  for (const [x, y] of points) {
    if (x >= 0 && y >= 0 && x <= width && y <= height) continue;
    throw badPrompt(
      `The point ${x},${y} lies outside of the frame, which is ${width} x ${height} pixels.`,
      `Give x from 0 to ${width} and y from 0 to ${height}.`,
    );
  }
  if (!box) return;
  const [x0, y0, x1, y1] = box;
  if (x0 < x1 && y0 < y1 && x0 < width && y0 < height && x1 > 0 && y1 > 0) return;
  throw badPrompt(
    `The box ${box.join(",")} covers nothing of the frame, which is ${width} x ${height} pixels.`,
    "Give left, top, right and bottom, in pixels of the source.",
  );
}

async function readMask({ file }: MaskOperation, info: ClipInfo, allowEmpty: boolean): Promise<PngMask> {
  const mask = await decodeMaskFile(file);
  if (mask.width !== info.width || mask.height !== info.height) {
    throw badPrompt(
      `The mask ${file} is ${mask.width} x ${mask.height} pixels, but ${info.name} is ${info.width} x ${info.height}.`,
      "Save the mask at the clip's size.",
    );
  }
  if (!allowEmpty && !mask.pixels.includes(1)) {
    throw badPrompt(
      `The mask ${file} is empty: none of its pixels is set.`,
      "Paint the object white on black.",
    );
  }
  return mask;
}

async function decodeMaskFile(file: string): Promise<PngMask> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new TrackerError("not-found", `Can't read the mask ${file}: ${reason}.`, "Check the path.");
  });
  try {
    return decodePngMask(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badPrompt(`The mask ${file} is not a readable PNG: ${reason}.`, "Save the mask as PNG.");
  }
}

function badPrompt(message: string, remedy: string): TrackerError {
  return new TrackerError("bad-prompt", message, remedy);
}
