/** Runs in Node: bundles one TypeScript benchmark as the product's bundles are made, and runs it. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const [entry, ...rest] = process.argv.slice(2);
if (!entry) throw new Error("Expected a benchmark to run: node tests/bench/run.mjs tests/bench/NAME.ts");
mkdirSync("build/bench", { recursive: true });
const outfile = join("build/bench", `${basename(entry, ".ts")}.mjs`);
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  logLevel: "warning",
});
const { status } = spawnSync(process.execPath, ["--enable-source-maps", outfile, ...rest], {
  stdio: "inherit",
});
process.exit(status ?? 1);
