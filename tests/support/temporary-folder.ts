import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives one test run a folder of its own for temporary files and removes it at the end, whatever the tests left in
 * it: killed processes and simulated crashes can't tidy up after themselves. Runs before the workers start, which
 * inherit TMPDIR.
 */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "masklet-tests-"));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
