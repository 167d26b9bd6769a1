/** Runs in Node: what every command of the command line is given and gives back. Types and one error. */

export interface CommandContext {
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** For the person: progress and remarks, on standard error; silent with --quiet. */
  say(text: string): void;
  /** Whether standard error is a terminal that can rewrite its last line. */
  live: boolean;
}

/** 0: done. 130: cancelled, what was done is kept. `summary` is printed as one line of JSON. */
export interface CommandResult {
  exitCode: 0 | 130;
  summary: Record<string, unknown>;
  /** For the person, on standard output above the summary; not with --quiet. */
  text?: string;
}

export type Command = (args: readonly string[], context: CommandContext) => Promise<CommandResult>;

/** The command was not understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
