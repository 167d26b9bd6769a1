/** Pure: why a checkpoint or a configuration can't be used, said so that a person can act on it. */

/** The caller shows `remedy` beside the message and tells the two kinds apart. */
export type ModelErrorCode = "bad-checkpoint" | "bad-config";

export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: ModelErrorCode;
  readonly remedy: string;

  /** `message`: subject, what was expected, what came. `remedy`: what the person can do next. */
  constructor(code: ModelErrorCode, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

const GET_AGAIN = "Download the checkpoint again, or pick another file.";

export function badCheckpoint(message: string, remedy = GET_AGAIN): ModelError {
  return new ModelError("bad-checkpoint", message, remedy);
}

export function badConfig(message: string, remedy: string): ModelError {
  return new ModelError("bad-config", message, remedy);
}
