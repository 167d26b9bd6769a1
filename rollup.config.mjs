/** Every bundle of the product. `npm run build` makes them all. */
import { builtinModules } from "node:module";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import esbuild from "rollup-plugin-esbuild";

const typescript = (target) =>
  esbuild({
    target,
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfig: false,
  });

/** Packages stay outside of what runs in Node: native ones can't be bundled, the rest needs no bundling. */
const isPackage = (id) => /^(@[\w-]+\/)?[a-z][\w.-]*(\/|$)/.test(id) && !/\.ts$/.test(id);

const commandLine = {
  input: { masklet: "worker/node/cli.ts" },
  output: {
    dir: "dist/node",
    entryFileNames: "[name].mjs",
    format: "es",
    banner: "#!/usr/bin/env node",
    sourcemap: true,
  },
  external: (id) => builtinModules.includes(id.replace(/^node:/, "")) || isPackage(id),
  plugins: [resolve(), commonjs(), typescript("node20")],
};

export default [commandLine];
