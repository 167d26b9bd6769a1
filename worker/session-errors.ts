/** Pure: what a session refuses, in words. */
import { TrackerError } from "./tracker-error.ts";

/** What the caller said about an object can't be used as it is. */
export function badPrompt(message: string): TrackerError {
  return new TrackerError("bad-prompt", message, "Correct the prompt and try again.");
}

/** Nothing says what to track. */
export function noPrompt(subject: string): TrackerError {
  return new TrackerError(
    "no-prompt",
    `${subject}: tracking needs a point, a box or a mask on at least one frame.`,
    "Click the object on a frame where it is well visible, then track.",
  );
}
