/**
 * Packages the After Effects panel. Runs in Node after a build: an extension folder for developers, and a
 * signed `.zxp` where a certificate and Adobe's signing tool are given:
 *   npm run package:aftereffects -- --certificate FILE.p12 --password-file FILE
 * The engine goes along for the platforms that After Effects runs on; `--platform` names others or fewer, and
 * `--node win32-x64=FILE` puts a Node of one's own in, for machines that have none:
 *   npm run package:aftereffects -- --platform win32-x64 --node win32-x64=C:/node/node.exe
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bundleExtendScript } from "./bundle-extendscript.mjs";

const FOLDER = "dist/aftereffects/com.masklet.aftereffects";
const PAGE = "dist/single/masklet.html";
const SIGNED = "dist/masklet-aftereffects.zxp";
const SIGNING_TOOL = "ZXPSignCmd";

/** Of Node: `process.platform`-`process.arch`. onnxruntime-node has nothing for Macs with Intel processors. */
const PLATFORMS = ["win32-x64", "darwin-arm64"];

/** Beside the engine's bundle: what is native, or must be the copy that a codec package finds. */
const ENGINE_PACKAGES = {
  "onnxruntime-node": ["package.json", "dist"],
  "onnxruntime-common": ["package.json", "dist"],
  mediabunny: ["package.json", "LICENSE", "dist/modules"],
  "@jsquash/jpeg": ["package.json", "LICENSE", "decode.js", "meta.js", "utils.js", "codec/dec"],
};
const BUILTIN_MODEL = ["models/embedded/masklet-nano.pt", "models/embedded/masklet-nano.yaml"];
const BINARIES = "bin/napi-v6";
/** For graphics cards, which the engine doesn't use, and a second copy of the library. */
const NOT_NEEDED = /dxcompiler\.dll|dxil\.dll|libonnxruntime\.[\d.]{3,}\.dylib|\.(d\.ts|map)$/;

/** Where developers may open the page's inspector, in a browser on this machine. */
const DEBUG = `<?xml version="1.0" encoding="UTF-8"?>
<ExtensionList>
  <Extension Id="com.masklet.aftereffects.panel"><HostList><Host Name="AEFT" Port="8092" /></HostList></Extension>
</ExtensionList>
`;

/** All files of the extension by name. Only code of ours and of permissive licences. */
export async function extensionFiles() {
  if (!existsSync(PAGE)) throw new Error(`Packaging: expected ${PAGE}; run \`npm run build\` first`);
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  const manifest = await readFile("plugin/aftereffects/CSXS/manifest.xml", "utf8");
  return {
    "CSXS/manifest.xml": manifest.replaceAll('Version="0.0.0"', `Version="${version}"`),
    "index.html": await readFile(PAGE),
    "host.jsx": await bundleExtendScript(),
    ".debug": DEBUG,
    LICENSE: await readFile("LICENSE"),
    NOTICE: await readFile("NOTICE"),
    "THIRD-PARTY.txt": await readFile("dist/single/THIRD-PARTY.txt"),
  };
}

/** `nodes`: a Node to take along, by platform. */
export async function packageExtension({ folder = FOLDER, platforms = PLATFORMS, nodes = {} } = {}) {
  await rm(folder, { recursive: true, force: true });
  for (const [name, content] of Object.entries(await extensionFiles()))
    await put(join(folder, name), content);
  await packageEngine(folder, platforms);
  for (const [platform, node] of Object.entries(nodes))
    await cp(node, join(folder, "engine/bin", platform, platform.startsWith("win32") ? "node.exe" : "node"));
  return folder;
}

async function put(path, content) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function packageEngine(folder, platforms) {
  await cp("dist/engine/engine.mjs", join(folder, "engine/node/engine.mjs"));
  await cp("dist/engine/THIRD-PARTY.txt", join(folder, "engine/THIRD-PARTY.txt"));
  for (const file of BUILTIN_MODEL) await cp(file, join(folder, file));
  for (const [name, parts] of Object.entries(ENGINE_PACKAGES))
    for (const part of parts) await copyPart(folder, name, part);
  for (const platform of platforms) await copyPart(folder, "onnxruntime-node", binariesFor(platform));
}

function binariesFor(platform) {
  const part = `${BINARIES}/${platform.replace("-", "/")}`;
  if (existsSync(join("node_modules/onnxruntime-node", part))) return part;
  throw new Error(
    `Packaging: onnxruntime-node has nothing for ${platform}; expected one of ${PLATFORMS.join(", ")}`,
  );
}

function copyPart(folder, name, part) {
  return cp(join("node_modules", name, part), join(folder, "engine/node_modules", name, part), {
    recursive: true,
    dereference: true,
    filter: (path) => !NOT_NEEDED.test(basename(path)),
  });
}

/** Signs with Adobe's tool; the password is read from a file, so that no list of processes shows it here. */
export async function sign(certificate, passwordFile, { folder = FOLDER, signed = SIGNED } = {}) {
  const password = (await readFile(passwordFile, "utf8")).trim();
  const words = ["-sign", folder, signed, certificate, password];
  const { error, status } = spawnSync(SIGNING_TOOL, words, { stdio: "inherit" });
  if (error)
    throw new Error(
      `Signing: expected Adobe's ${SIGNING_TOOL} on the PATH, and it can't be started; get it from Adobe-CEP/CEP-Resources, or use the folder ${folder}`,
    );
  if (status !== 0)
    throw new Error(`Signing: ${SIGNING_TOOL} ended with ${status}; check certificate and password`);
  return signed;
}

async function main() {
  const { values } = parseArgs({
    options: {
      certificate: { type: "string" },
      "password-file": { type: "string" },
      platform: { type: "string", multiple: true, default: PLATFORMS },
      node: { type: "string", multiple: true, default: [] },
    },
  });
  const nodes = Object.fromEntries(values.node.map((each) => each.split("=")));
  console.log(
    `${await packageExtension({ platforms: values.platform, nodes })}: how to install it stands in plugin/aftereffects/README.md`,
  );
  if (!values.certificate) return;
  if (!values["password-file"]) throw new Error("Signing: --certificate needs --password-file FILE");
  console.log(await sign(values.certificate, values["password-file"]));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
