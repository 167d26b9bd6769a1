/**
 * Runs in the CEP page: finds a Node that the engine can run on. The page's own (17.7) is too old, and lives
 * in After Effects' process.
 */
import type { EngineNode } from "./cep-node.ts";

/** What the engine's packages ask for; package.json says the same. */
const OLDEST = [20, 19] as const;
const VERSION_TIMEOUT = 15_000;
/** A file in the data folder whose one line is the path of a Node; the README names it. */
export const NODE_SETTING = "node-path.txt";

export interface EnginePlaces {
  /** Where the extension is installed. */
  extensionFolder: string;
  /** The panel's own data. */
  dataFolder: string;
}

export interface FoundNode {
  path: string;
  version: string;
}

interface Candidate {
  path: string;
  /** "the setting", "bundled", "PATH", "a common place" */
  origin: string;
}

/** Rejects with what was looked for where nothing fits. */
export async function findNode(node: EngineNode, places: EnginePlaces): Promise<FoundNode> {
  const looked: string[] = [];
  for (const { path, origin } of candidates(node, places)) {
    if (!node.existsSync(path)) {
      if (origin === SETTING) looked.push(`${path} (${origin}): not there`);
      continue;
    }
    const version = await versionOf(node, path);
    if (typeof version === "string" && isNewEnough(version)) return { path, version };
    const why = typeof version === "string" ? `version ${version}` : version.message;
    looked.push(`${path} (${origin}): ${why}`);
  }
  throw new Error(notFound(looked, places));
}

function notFound(looked: readonly string[], { dataFolder }: EnginePlaces): string {
  const found = looked.length === 0 ? "none found" : looked.join("; ");
  return (
    `The engine needs Node ${OLDEST.join(".")} or newer (${found}; looked at the setting, the extension, PATH ` +
    `and common places). Install it from nodejs.org, or write its path into ${dataFolder}/${NODE_SETTING}.`
  );
}

const SETTING = "the setting";

function candidates(node: EngineNode, { extensionFolder, dataFolder }: EnginePlaces): Candidate[] {
  const { platform, arch, env } = node;
  const file = platform === "win32" ? "node.exe" : "node";
  const setting = `${dataFolder}/${NODE_SETTING}`;
  const set = node.existsSync(setting) ? node.readText(setting).trim() : (env.MASKLET_NODE ?? "");
  const path = (env.PATH ?? env.Path ?? "")
    .split(platform === "win32" ? ";" : ":")
    .filter((each) => each !== "");
  return [
    ...(set === "" ? [] : [{ path: set, origin: SETTING }]),
    { path: `${extensionFolder}/engine/bin/${platform}-${arch}/${file}`, origin: "bundled" },
    ...path.map((folder) => ({ path: `${folder}/${file}`, origin: "PATH" })),
    ...commonPlaces(node).map((each) => ({ path: each, origin: "a common place" })),
  ];
}

/** Programs that are opened from a dock or a menu don't get the PATH of a terminal. */
function commonPlaces(node: EngineNode): string[] {
  const { platform, env } = node;
  if (platform === "win32") {
    return [
      `${env.ProgramFiles}/nodejs/node.exe`,
      `${env.LOCALAPPDATA}/Programs/nodejs/node.exe`,
      `${env.LOCALAPPDATA}/Volta/bin/node.exe`,
      `${env.NVM_SYMLINK}/node.exe`,
    ];
  }
  const home = env.HOME ?? "";
  return [
    "/opt/homebrew/bin/node",
    "/usr/local/bin/node",
    "/opt/local/bin/node",
    "/usr/bin/node",
    `${home}/.volta/bin/node`,
    ...versionsIn(node, `${home}/.nvm/versions/node`).map((folder) => `${folder}/bin/node`),
    ...versionsIn(node, `${home}/.local/share/fnm/node-versions`).map(
      (folder) => `${folder}/installation/bin/node`,
    ),
  ];
}

/** Newest first. */
function versionsIn(node: EngineNode, folder: string): string[] {
  if (!node.existsSync(folder)) return [];
  const order = new Intl.Collator("en", { numeric: true }).compare;
  return node
    .readdirSync(folder)
    .sort((a, b) => order(b, a))
    .map((name) => `${folder}/${name}`);
}

function versionOf(node: EngineNode, path: string): Promise<string | Error> {
  return new Promise((resolve) => {
    const options = { timeout: VERSION_TIMEOUT, windowsHide: true } as const;
    try {
      node.execFile(path, ["--version"], options, (error, output) => {
        const version = /^v(\d+\.\d+\.\d+)/.exec(output.trim())?.[1];
        resolve(version ?? error ?? new Error(`answered ${JSON.stringify(output.slice(0, 40))}`));
      });
    } catch (error) {
      resolve(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
