/** Every bundle of the product. `npm run build` makes them all. */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import esbuild, { minify } from "rollup-plugin-esbuild";
import { premiere } from "./plugin/premiere/rollup.config.mjs";
import { notePackages, writeThirdParty } from "./third-party.mjs";

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
  input: { masklet: "worker/node/cli.ts", serve: "worker/node/serve-command.ts" },
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

/** Beside After Effects' panel: what it can't hold is native, or must be the one that a codec package finds. */
const ENGINE_PACKAGES = /^(onnxruntime-(node|common)|mediabunny|@mediabunny\/.*|@jsquash\/jpeg)(\/|$)/;

/** Packages that travel beside the engine's bundle; its codecs are the person's own to install. */
const BESIDE_ENGINE = ["onnxruntime-node", "onnxruntime-common", "mediabunny", "@jsquash/jpeg"];
const inEngine = new Set();

const engine = {
  input: { engine: "worker/node/engine.ts" },
  output: {
    dir: "dist/engine",
    entryFileNames: "[name].mjs",
    format: "es",
    sourcemap: true,
    inlineDynamicImports: true,
  },
  external: (id) => builtinModules.includes(id.replace(/^node:/, "")) || ENGINE_PACKAGES.test(id),
  plugins: [
    resolve({ exportConditions: ["node"] }),
    commonjs(),
    typescript("node20"),
    notePackages(inEngine),
    {
      name: "engine-licences",
      writeBundle: () =>
        writeThirdParty(
          "dist/engine",
          BESIDE_ENGINE.map((name) => join(process.cwd(), "node_modules", name)),
          inEngine,
        ),
    },
  ],
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

/** Libraries that also run in Node import its modules on paths that a browser never takes. */
const withoutNode = {
  name: "without-node",
  resolveId: (id) => (id.startsWith("node:") ? `\0empty ${id}` : null),
  load: (id) => (id.startsWith("\0empty ") ? "export default {};" : null),
};

/** ONNX Runtime's loader is a file beside the worker, or, where there can be none, part of the worker. */
const browserPlugins = (loader = "beside") => [
  withoutNode,
  resolve({
    browser: true,
    exportConditions: loader === "beside" ? ["onnxruntime-web-use-extern-wasm"] : [],
  }),
  commonjs(),
  typescript(BROWSER),
  minify({ target: BROWSER }),
  notePackages(),
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

/**
 * The same page as a single file, for embedded pages that may fetch nothing: the worker in one piece, and
 * the binaries packed, as blocks that `panel/assets.ts` reads.
 */
const singleFile = {
  input: { worker: "worker/web-worker.ts" },
  output: { dir: "dist/single", entryFileNames: "[name].js", format: "es", inlineDynamicImports: true },
  plugins: [...browserPlugins("within"), singlePage()],
};

function singlePage() {
  return {
    name: "single-page",
    async generateBundle(_options, bundle) {
      const packed = async (path) => gzipSync(await readFile(path), { level: 9 }).toString("base64");
      const blocks = {
        "masklet-worker": bundle["worker.js"].code,
        "masklet-wasm": await packed(
          "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm",
        ),
        "masklet-checkpoint": await packed("models/embedded/masklet-nano.pt"),
        "masklet-config": await packed("models/embedded/masklet-nano.yaml"),
      };
      const script = await readFile("dist/panel/panel.js", "utf8");
      const style = await readFile("dist/panel/panel.css", "utf8");
      delete bundle["worker.js"];
      this.emitFile({ type: "asset", fileName: "masklet.html", source: singleHtml(script, style, blocks) });
    },
    /** The WebAssembly binary of ONNX Runtime is copied, not bundled. */
    async writeBundle() {
      for (const target of ["dist/panel", "dist/single"])
        await writeThirdParty(target, [join(process.cwd(), "node_modules/onnxruntime-web")]);
    },
  };
}

/** An HTML parser ends a script at its end tag wherever it stands, and a style likewise. */
const closable = (text) => text.replace(/<(?=\/(script|style)|!--)/gi, "\\x3C");

const sha256 = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function singleHtml(script, style, blocks) {
  const inline = closable(script.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, ""));
  // No address at all but the model host, and that only for a download that the person asks for.
  const policy = [
    "default-src 'none'",
    `script-src ${sha256(inline)} 'wasm-unsafe-eval' blob:`,
    "worker-src blob:",
    `style-src ${sha256(style)}`,
    "img-src blob: data:",
    "connect-src blob: data: https://dl.fbaipublicfiles.com",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const block = ([id, text]) => `<script type="text/plain" id="${id}">${closable(text)}</script>`;
  return [
    "<!doctype html>",
    '<html lang="en" data-theme="auto">',
    '<head><meta charset="utf-8" />',
    `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    '<link rel="icon" href="data:," />',
    `<title>Masklet</title><style>${style}</style></head>`,
    '<body><div id="panel"></div>',
    ...Object.entries(blocks).map(block),
    `<script type="module">${inline}</script>`,
    "</body></html>",
  ].join("\n");
}

// The single file comes last: with it, all is bundled, and the licences of what is inside are known.
export default [commandLine, engine, page, worker, ...premiere, singleFile];
