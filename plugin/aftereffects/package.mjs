/**
 * Packages the After Effects panel. Runs in Node after a build: an extension folder for developers, and a
 * signed `.zxp` where a certificate and Adobe's signing tool are given:
 *   npm run package:aftereffects -- --certificate FILE.p12 --password-file FILE
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bundleExtendScript } from "./bundle-extendscript.mjs";

const FOLDER = "dist/aftereffects/com.masklet.aftereffects";
const PAGE = "dist/single/masklet.html";
const SIGNED = "dist/masklet-aftereffects.zxp";
const SIGNING_TOOL = "ZXPSignCmd";

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

export async function packageExtension() {
  await rm(FOLDER, { recursive: true, force: true });
  for (const [name, content] of Object.entries(await extensionFiles())) {
    await mkdir(dirname(join(FOLDER, name)), { recursive: true });
    await writeFile(join(FOLDER, name), content);
  }
  return FOLDER;
}

/** Signs with Adobe's tool; the password is read from a file, so that no list of processes shows it here. */
async function sign(certificate, passwordFile) {
  const password = (await readFile(passwordFile, "utf8")).trim();
  const { error, status } = spawnSync(SIGNING_TOOL, ["-sign", FOLDER, SIGNED, certificate, password], {
    stdio: "inherit",
  });
  if (error)
    throw new Error(
      `Signing: expected Adobe's ${SIGNING_TOOL} on the PATH, and it can't be started; get it from Adobe-CEP/CEP-Resources, or use the folder ${FOLDER}`,
    );
  if (status !== 0)
    throw new Error(`Signing: ${SIGNING_TOOL} ended with ${status}; check certificate and password`);
  return SIGNED;
}

async function main() {
  const { values } = parseArgs({
    options: { certificate: { type: "string" }, "password-file": { type: "string" } },
  });
  console.log(`${await packageExtension()}: how to install it stands in plugin/aftereffects/README.md`);
  if (!values.certificate) return;
  if (!values["password-file"]) throw new Error("Signing: --certificate needs --password-file FILE");
  console.log(await sign(values.certificate, values["password-file"]));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
