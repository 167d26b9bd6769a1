/** Sessions and settings in the plugin's own folder; runs in the UXP script context. */
import { type HostEnvironment, HostError, messageOf } from "./host-environment.ts";
import { joinPath } from "./paths.ts";

export async function storeSession(environment: HostEnvironment, key: string, json: string): Promise<void> {
  await writeText(environment, `session-${fileKey(key)}.json`, json);
}

export async function loadSession(environment: HostEnvironment, key: string): Promise<string | null> {
  return readText(environment, `session-${fileKey(key)}.json`);
}

export async function readSetting(environment: HostEnvironment, name: string): Promise<string | null> {
  return readText(environment, `setting-${name}.txt`);
}

export async function writeSetting(environment: HostEnvironment, name: string, value: string): Promise<void> {
  await writeText(environment, `setting-${name}.txt`, value);
}

/** Whatever a key holds becomes one file name; different keys stay different. */
function fileKey(key: string): string {
  return encodeURIComponent(key).replace(/[.*!'()]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
}

async function readText({ files, dataFolder }: HostEnvironment, name: string): Promise<string | null> {
  const path = joinPath(dataFolder, name);
  try {
    await files.lstat(path);
  } catch {
    return null;
  }
  return files.readFile(path, { encoding: "utf-8" });
}

/** Written beside and moved over, so that a crash leaves the old text or the new one, never half of it. */
async function writeText({ files, dataFolder }: HostEnvironment, name: string, text: string): Promise<void> {
  const path = joinPath(dataFolder, name);
  try {
    await files.writeFile(`${path}.new`, text, { encoding: "utf-8" });
    await files.rename(`${path}.new`, path);
  } catch (error) {
    throw new HostError(
      "storage",
      `${name} can't be stored: ${messageOf(error)}.`,
      "Free some space on the system drive; until then, don't close the panel.",
    );
  }
}
