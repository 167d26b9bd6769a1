/** Matte files on disk: next to the project, or where the person chose; runs in the UXP script context. */

import type { Project } from "@adobe/premierepro";
import { decodeBase64 } from "../bridge/base64.ts";
import { type HostEnvironment, HostError, messageOf } from "./host-environment.ts";
import { joinPath, parentFolder } from "./paths.ts";
import { readSetting, writeSetting } from "./storage.ts";

const FOLDER_NAME = "Masklet";
const FOLDER_SETTING = "matte-folder";

/** Where mattes go now: the chosen folder, else beside the project, else the plugin's own folder. */
export async function matteFolder(environment: HostEnvironment): Promise<string> {
  const chosen = await readSetting(environment, FOLDER_SETTING);
  if (chosen) return chosen;
  const project: Project | null = await environment.premiere.Project.getActiveProject();
  const base = project?.path ? parentFolder(project.path) : environment.dataFolder;
  return joinPath(base, FOLDER_NAME);
}

/** Asks the person; null when they close the dialogue. The choice is remembered. */
export async function chooseMatteFolder(environment: HostEnvironment): Promise<string | null> {
  const folder = await environment.askForFolder();
  if (folder) await writeSetting(environment, FOLDER_SETTING, folder);
  return folder;
}

/** Writes, or appends to, a file below the matte folder. Returns its native path. */
export async function writeMatteFile(
  environment: HostEnvironment,
  relativePath: string,
  base64: string,
  append: boolean,
): Promise<string> {
  requireInside(relativePath);
  const path = joinPath(await matteFolder(environment), relativePath);
  try {
    await environment.files.mkdir(parentFolder(path), { recursive: true });
    await environment.files.writeFile(path, decodeBase64(base64), { flag: append ? "a" : "w" });
  } catch (error) {
    throw new HostError(
      "storage",
      `The file ${path} can't be written: ${messageOf(error)}.`,
      "Free some space or choose another folder for mattes, then write again.",
    );
  }
  return path;
}

/** The page sends names, never places. */
function requireInside(relativePath: string): void {
  const parts = relativePath.split(/[\\/]/);
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain && !/^[a-z]:/i.test(relativePath)) return;
  throw new HostError(
    "internal",
    `Matte file: expected a path below the matte folder, got ${JSON.stringify(relativePath)}.`,
    "Report this with the name of the clip.",
  );
}
