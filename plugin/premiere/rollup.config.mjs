/** The script of the Premiere plugin and of its probe: one file each, for UXP's script context. */
import { copyFile, mkdir } from "node:fs/promises";
import resolve from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import esbuild from "rollup-plugin-esbuild";
import { notePackages } from "../../third-party.mjs";

/** UXP 8.1 documents no language level; this one is certain (BigInt), and private fields are lowered to it. */
const SCRIPT_TARGET = "es2020";

const script = {
  input: "plugin/premiere/main.ts",
  // UXP's modules come from its own `require`, at run time.
  output: { file: "dist/premiere/premiere.js", format: "iife" },
  plugins: [resolve(), esbuild({ target: SCRIPT_TARGET, tsconfig: false }), files(), notePackages()],
};

/** The HTML around the webview, and the probe's page with its script inlined, as local webviews need it. */
function files() {
  return {
    name: "premiere-files",
    async writeBundle() {
      await mkdir("dist/premiere", { recursive: true });
      await copyFile("plugin/premiere/index.html", "dist/premiere/index.html");
      await build({
        entryPoints: ["plugin/premiere/probe/page.ts"],
        outfile: "dist/premiere/probe.js",
        bundle: true,
        minify: true,
        target: "safari15",
      });
    },
  };
}

export const premiere = [script];
export default premiere;
