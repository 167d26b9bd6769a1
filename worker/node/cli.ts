/** The command line, in Node: `masklet COMMAND …`. Only wires; each command is a file in `commands/`. */
import { COMMANDS } from "./commands/table.ts";
import { runCommandLine } from "./terminal/run.ts";

const cancellation = new AbortController();

process.on("SIGINT", () => {
  // The second Ctrl-C does not wait for the frame in work.
  if (cancellation.signal.aborted) process.exit(130);
  cancellation.abort();
});
process.on("SIGTERM", () => cancellation.abort());

process.exitCode = await runCommandLine(process.argv.slice(2), COMMANDS, {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  isLive: process.stderr.isTTY === true,
  signal: cancellation.signal,
});
