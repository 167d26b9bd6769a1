/** Pure: what a session refuses, by kinds that a caller tells apart. */

/** What the caller said about an object can't be used as it is. */
export class PromptError extends Error {
  override readonly name = "PromptError";
}

/** Nothing says what to track. */
export class NoPromptError extends Error {
  override readonly name = "NoPromptError";
}

/** A frame that the clip does not have. */
export class FrameRangeError extends RangeError {
  override readonly name = "FrameRangeError";
}

/** An object that was never prompted, or was removed. */
export class UnknownObjectError extends Error {
  override readonly name = "UnknownObjectError";
}

export function missingPrompt(objectId: number): string {
  return `Object ${objectId} has no prompted frame; click it, box it or give a mask on a frame first.`;
}
