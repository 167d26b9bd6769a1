/** Every bundle of the product. `npm run build` makes them all. */
import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import esbuild, { minify } from "rollup-plugin-esbuild";
import { premiere } from "./plugin/premiere/rollup.config.mjs";

/** What After Effects' panels run on. */
const BROWSER = "chrome99";

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
  input: { masklet: "worker/node/cli.ts", serve: "worker/node/serve.ts" },
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

// ---------------------------------------------------------------- the page

/** Served beside the page, at these addresses; the worker fetches what it needs of them. */
const ASSETS = {
  "models/masklet-nano.pt": "models/embedded/masklet-nano.pt",
  "models/masklet-nano.yaml": "models/embedded/masklet-nano.yaml",
  "demo.mp4": "tests/fixtures/demo/demo.mp4",
  ...Object.fromEntries(
    ["", ".asyncify"].flatMap((flavour) =>
      ["mjs", "wasm"].map((kind) => {
        const name = `ort-wasm-simd-threaded${flavour}.${kind}`;
        return [`ort/${name}`, `node_modules/onnxruntime-web/dist/${name}`];
      }),
    ),
  ),
};

const browserPlugins = () => [
  resolve({ browser: true, exportConditions: ["onnxruntime-web-use-extern-wasm"] }),
  commonjs(),
  typescript(BROWSER),
  minify({ target: BROWSER }),
];

const page = {
  input: { panel: "panel/main.tsx" },
  output: { dir: "dist/panel", entryFileNames: "[name].js", format: "es", sourcemap: true },
  plugins: [...browserPlugins(), pageFiles()],
};

const worker = {
  input: { worker: "worker/web-worker.ts" },
  output: {
    dir: "dist/panel",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    // ONNX Runtime loads on its own, and starts its threads from its own file.
    format: "es",
    sourcemap: true,
  },
  plugins: browserPlugins(),
};

/** HTML, one style sheet, and the assets. */
function pageFiles() {
  return {
    name: "page-files",
    async writeBundle() {
      await build({
        entryPoints: ["panel/styles.css"],
        outfile: "dist/panel/panel.css",
        bundle: true,
        minify: true,
        target: BROWSER,
      });
      await copyFile("panel/index.html", "dist/panel/index.html");
      for (const [to, from] of Object.entries(ASSETS)) {
        const target = join("dist/panel", to);
        await mkdir(dirname(target), { recursive: true });
        await copyFile(from, target);
      }
    },
  };
}

const bundles = [commandLine, page, ...premiere];
if (existsSync(worker.input.worker)) bundles.push(worker);

export default bundles;
