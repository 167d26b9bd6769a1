/** Pure: an expected failure on its way to the edge of the tracker, where it becomes data. */
import type { TrackerErrorCode, TrackerFailure } from "./protocol.ts";

/** Thrown inside the tracker; `failureOf` turns it into what crosses to the panel or the terminal. */
export class TrackerError extends Error {
  override readonly name = "TrackerError";
  readonly code: TrackerErrorCode;
  readonly remedy: string;

  /** `message`: subject, what was expected, what came. `remedy`: what the person can do next. */
  constructor(code: TrackerErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

const UNEXPECTED = "This is a fault in Masklet. Please report it with what you did.";

/** Any thrown value as data; whatever carries a code and a remedy keeps them. */
export function failureOf(error: unknown): TrackerFailure {
  if (isFailure(error)) return { code: error.code, message: error.message, remedy: error.remedy };
  if (isAbort(error)) return { code: "cancelled", message: "Cancelled.", remedy: "" };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message, remedy: UNEXPECTED };
}

/** Whether `error` is what an `AbortSignal` throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function isFailure(error: unknown): error is TrackerFailure {
  return error instanceof Error && "code" in error && "remedy" in error && typeof error.remedy === "string";
}
