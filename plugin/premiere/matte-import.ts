/** Matte files become a project item with the right frame rate; runs in the UXP script context. */
import type { FolderItem, Project, ProjectItem } from "@adobe/premierepro";
import type { MatteImport } from "../edit-plan.ts";
import { stillName } from "../matte-names.ts";
import { frameToTicks, parseTicks, rateToNumber } from "../timecode.ts";
import { type HostEnvironment, HostError, type PremiereApi } from "./host-environment.ts";
import { joinPath, parentFolder, samePath } from "./paths.ts";
import { openSequence, tickTime } from "./sequence.ts";
import { signedName } from "./signature.ts";
import { transact } from "./transaction.ts";

const BIN_NAME = "Masklet";
/** `importFiles` answers before the item is there; others had to wait up to three seconds. */
const IMPORT_POLLS = 40;
const POLL_MILLISECONDS = 250;

/** Imports, interprets and names a matte. What it returns is good until the next transaction. */
export async function importMatte(
  environment: HostEnvironment,
  matte: MatteImport,
  signature: string,
): Promise<ProjectItem> {
  await requireFiles(environment, matte);
  const { project } = await openSequence(environment);
  const bin = await matteBin(environment, project);
  const known = new Set((await bin.getItems()).map((item) => item.getId()));
  const asStills = matte.kind === "stills";
  const accepted = await project.importFiles(
    [matte.firstFile],
    true,
    environment.premiere.ProjectItem.cast(bin),
    asStills,
  );
  const item = await awaitItem(environment, matte.firstFile, known);
  if (!item) throw notImported(matte, accepted);
  await interpret(environment, project, item, matte, signature);
  return (await findItem(environment, (each) => each.getId() === item.getId())) ?? item;
}

/** A gap in the numbering would shorten the matte without a word. */
async function requireFiles({ files }: HostEnvironment, matte: MatteImport): Promise<void> {
  const extension = matte.firstFile.endsWith(".jpg") ? "jpg" : "png";
  const last = joinPath(parentFolder(matte.firstFile), stillName(matte.frameCount - 1, extension));
  for (const path of matte.kind === "stills" ? [matte.firstFile, last] : [matte.firstFile]) {
    try {
      await files.lstat(path);
    } catch {
      throw new HostError("storage", `The matte file ${path} isn't there.`, "Write the matte again.");
    }
  }
}

function notImported(matte: MatteImport, accepted: boolean): HostError {
  const answer = accepted === false ? "refused to import" : "didn't show, after importing,";
  return new HostError(
    "refused",
    `Premiere ${answer} ${matte.firstFile}.`,
    "The files are written: import them by hand (File > Import, tick Image Sequence).",
  );
}

async function matteBin(environment: HostEnvironment, project: Project): Promise<FolderItem> {
  const existing = await findBin(environment, project);
  if (existing) return existing;
  const root = await project.getRootItem();
  transact(project, "Masklet: bin", () => [root.createBinAction(BIN_NAME, false)]);
  const fresh = (await openSequence(environment)).project;
  return (await findBin(environment, fresh)) ?? fresh.getRootItem();
}

async function findBin({ premiere }: HostEnvironment, project: Project): Promise<FolderItem | null> {
  const items = await (await project.getRootItem()).getItems();
  const bin = items.find((item) => item.name === BIN_NAME && item.type === premiere.ProjectItem.TYPE_BIN);
  return bin ? premiere.FolderItem.cast(bin) : null;
}

async function awaitItem(
  environment: HostEnvironment,
  firstFile: string,
  known: ReadonlySet<string>,
): Promise<ProjectItem | null> {
  for (let poll = 0; poll < IMPORT_POLLS; poll++) {
    const item = await findItem(environment, async (each) => {
      if (known.has(each.getId())) return false;
      const path = await mediaPathOf(environment.premiere, each);
      return path !== null && samePath(path, firstFile);
    });
    if (item) return item;
    await environment.wait(POLL_MILLISECONDS);
  }
  return null;
}

async function mediaPathOf(premiere: PremiereApi, item: ProjectItem): Promise<string | null> {
  if (item.type === premiere.ProjectItem.TYPE_BIN) return null;
  return (await premiere.ClipProjectItem.cast(item)?.getMediaFilePath()) || null;
}

/** In the bin, or at the top where a host ignores the target bin. */
async function findItem(
  environment: HostEnvironment,
  matches: (item: ProjectItem) => boolean | Promise<boolean>,
): Promise<ProjectItem | null> {
  const { project } = await openSequence(environment);
  const bin = await findBin(environment, project);
  const root = await project.getRootItem();
  for (const folder of bin ? [bin, root] : [root]) {
    for (const item of await folder.getItems()) if (await matches(item)) return item;
  }
  return null;
}

/** Rate first: stills take the application's default otherwise. The range is exactly the clip's. */
async function interpret(
  { premiere }: HostEnvironment,
  project: Project,
  item: ProjectItem,
  matte: MatteImport,
  signature: string,
): Promise<void> {
  const clip = premiere.ClipProjectItem.cast(item);
  const length = parseTicks(matte.end) - parseTicks(matte.start);
  const isLonger = length < frameToTicks(matte.frameCount, matte.rate);
  transact(project, `Masklet: import ${matte.name}`, () => [
    clip.createSetOverrideFrameRateAction(rateToNumber(matte.rate)),
    clip.createSetNameAction(signedName(matte.name, signature)),
    ...(matte.fitToFrame ? [clip.createSetScaleToFrameSizeAction()] : []),
    // Where the last matte frame is longer than what is left of the clip.
    ...(isLonger
      ? [clip.createSetInOutPointsAction(tickTime(premiere, 0n), tickTime(premiere, length))]
      : []),
  ]);
}

/** Takes an imported matte out of the project again; its files stay. */
export async function removeImported(environment: HostEnvironment, itemId: string): Promise<void> {
  const item = await findItem(environment, (each) => each.getId() === itemId);
  if (!item) return;
  const { project } = await openSequence(environment);
  const bin = (await findBin(environment, project)) ?? (await project.getRootItem());
  transact(project, "Masklet: remove matte", () => [bin.createRemoveItemAction(item)]);
}
