/**
 * Packages the Premiere plugin, or with `--probe` the self-check plugin, as an installable `.ccx`: a zip
 * whose manifest names a single host. Runs in Node after a build. Needs no signature.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { zipSync } from "fflate";

/** What a build makes. `page` is the panel as one file: local webviews load nothing else. */
const BUILT = {
  script: "dist/premiere",
  page: "dist/single/masklet.html",
  licences: "dist/single/THIRD-PARTY.txt",
};

/** Zip entries carry a time; always the same, so that the same input gives the same file. */
const ENTRY_TIME = new Date(1980, 0, 1);

const bytesOf = async (path) => new Uint8Array(await readFile(path));

async function manifestOf(probe) {
  const manifest = JSON.parse(await readFile("manifest.json", "utf8"));
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  manifest.version = version;
  if (!probe) return manifest;
  const [panel] = manifest.entrypoints;
  const label = { default: "Masklet Self-Check" };
  return {
    ...manifest,
    id: `${manifest.id}.probe`,
    name: label.default,
    entrypoints: [{ ...panel, id: "masklet-probe", label }],
  };
}

/** The probe's script goes into its page; "</" would end the script element early. */
async function probePage(built) {
  const page = await readFile("plugin/premiere/probe/page.html", "utf8");
  const script = await readFile(join(built.script, "probe.js"), "utf8");
  return new TextEncoder().encode(page.replace("/* page.ts */", () => script.replaceAll("</", "<\\/")));
}

/** @throws where the build is missing. */
async function builtFile(path) {
  if (existsSync(path)) return bytesOf(path);
  throw new Error(`Packaging: expected ${path}; run \`npm run build\` first`);
}

/** All files of the package by name. */
export async function packageFiles(probe = false, built = BUILT) {
  const icons = await readdir("plugin/premiere/icons");
  const files = {
    "manifest.json": new TextEncoder().encode(`${JSON.stringify(await manifestOf(probe), null, 2)}\n`),
    "index.html": await bytesOf(join(built.script, "index.html")),
    "premiere.js": await bytesOf(join(built.script, "premiere.js")),
    "panel.html": await (probe ? probePage(built) : builtFile(built.page)),
    LICENSE: await bytesOf("LICENSE"),
    NOTICE: await bytesOf("NOTICE"),
    // The probe contains no package of others'.
    ...(probe ? {} : { "THIRD-PARTY.txt": await builtFile(built.licences) }),
  };
  for (const icon of icons) files[`icons/${icon}`] = await bytesOf(join("plugin/premiere/icons", icon));
  return files;
}

export async function packagePlugin(probe = false) {
  const path = probe ? "dist/masklet-premiere-probe.ccx" : "dist/masklet-premiere.ccx";
  await writeFile(path, zipSync(await packageFiles(probe), { level: 9, mtime: ENTRY_TIME }));
  return path;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = await packagePlugin(process.argv.includes("--probe"));
  console.log(`${path}: install it by double-clicking, or see plugin/premiere/README.md`);
}
