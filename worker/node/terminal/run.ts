/** Runs in Node: one command from its arguments to its exit code. */
import { failureOf, isAbort } from "../../tracker-error.ts";
import { didYouMean } from "./arguments.ts";
import { type Command, type CommandContext, UsageError } from "./command.ts";

export interface CommandEntry {
  run: Command;
  /** Without "masklet" in front; further lines are explanations. */
  usage: string;
}

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  isLive: boolean;
  signal: AbortSignal;
}

/** 0: done. 1: failed. 2: not understood. 130: cancelled. */
export type ExitCode = 0 | 1 | 2 | 130;

export async function runCommandLine(
  args: readonly string[],
  commands: Readonly<Record<string, CommandEntry>>,
  terminal: Terminal,
): Promise<ExitCode> {
  const quiet = args.includes("--quiet");
  const context: CommandContext = {
    signal: terminal.signal,
    say: (text) => (quiet ? undefined : terminal.error(text)),
    live: terminal.isLive && !quiet,
  };
  const [name, ...rest] = args;
  const command = commands[name ?? ""];
  if (name === undefined || name === "--help" || name === "help" || args.includes("--help")) {
    terminal.out(`${command ? usageOf(command) : overview(commands)}\n`);
    return name === undefined ? 2 : 0;
  }
  try {
    if (!command) throw unknownCommand(name, commands);
    const { exitCode, summary, text } = await command.run(rest, context);
    if (text !== undefined && !quiet) terminal.out(`${text}\n`);
    terminal.out(`${JSON.stringify({ ok: true, ...summary })}\n`);
    return exitCode;
  } catch (error) {
    return reportFailure(error, command, terminal);
  }
}

function reportFailure(error: unknown, command: CommandEntry | undefined, terminal: Terminal): ExitCode {
  if (error instanceof UsageError) {
    terminal.error(`${error.message}\n${command ? `\n${usageOf(command)}\n` : ""}`);
    terminal.out(`${JSON.stringify({ ok: false, error: { code: "usage", message: error.message } })}\n`);
    return 2;
  }
  if (isAbort(error)) {
    terminal.error("Cancelled before anything was written.\n");
    terminal.out(`${JSON.stringify({ ok: false, cancelled: true })}\n`);
    return 130;
  }
  const failure = failureOf(error);
  terminal.error(`${failure.message}\n${failure.remedy}\n`);
  if (failure.code === "internal" && error instanceof Error) terminal.error(`${error.stack ?? ""}\n`);
  terminal.out(`${JSON.stringify({ ok: false, error: failure })}\n`);
  return 1;
}

function unknownCommand(name: string, commands: Readonly<Record<string, CommandEntry>>): UsageError {
  const known = Object.keys(commands);
  return new UsageError(
    `There is no command "${name}"${didYouMean(name, known)}; there are ${known.join(", ")}.`,
  );
}

function usageOf({ usage }: CommandEntry): string {
  return `Usage: masklet ${usage}`;
}

function overview(commands: Readonly<Record<string, CommandEntry>>): string {
  const lines = Object.values(commands).map(({ usage }) => `  masklet ${usage.split("\n")[0]}`);
  return [
    "Masklet: click an object in a clip, get its matte.",
    "",
    ...lines,
    "",
    '"masklet COMMAND --help" explains one. Progress goes to standard error, one line of JSON to standard output.',
    "Exit code: 0 done, 1 failed, 2 not understood, 130 cancelled (what was done is kept).",
  ].join("\n");
}
