/** Which video track a matte goes to; runs in the UXP script context. */
import type { ProjectItem } from "@adobe/premierepro";
import { frameToTicks } from "../timecode.ts";
import { type HostEnvironment, HostError } from "./host-environment.ts";
import { type OpenSequence, openSequence, ticksOf, tickTime, timelineFacts } from "./sequence.ts";
import { signatureOfItem } from "./signature.ts";
import { type FoundTrackItem, videoTrackItems } from "./track-item.ts";
import { transact } from "./transaction.ts";

export interface MatteTrack {
  trackIndex: number;
  /** Earlier mattes of the same object on this clip, to be replaced. */
  replaced: FoundTrackItem[];
}

/**
 * The track of an earlier matte, else the lowest one above the clip that is free over its whole range, else
 * null: a new one is needed.
 *
 * Earlier mattes are those of the same object over this clip, and whatever Masklet put on the track that
 * the clip's Track Matte Key uses (`keyedTrackId`): once the key points elsewhere, it would be seen.
 */
export async function findMatteTrack(
  environment: HostEnvironment,
  open: OpenSequence,
  clip: FoundTrackItem,
  signature: string,
  keyedTrackId: number | null,
): Promise<MatteTrack | null> {
  const overlapping = await itemsOver(environment, open, clip);
  const replaced: FoundTrackItem[] = [];
  for (const each of overlapping) {
    const own = await signatureOfItem(each.item);
    if (own === signature || (own !== null && each.track.id === keyedTrackId)) replaced.push(each);
  }
  const taken = new Set(
    overlapping.filter((each) => !replaced.includes(each)).map((each) => each.trackIndex),
  );
  const isUsable = (index: number) => index > clip.trackIndex && !taken.has(index);
  const earlier = replaced.map((each) => each.trackIndex).find(isUsable);
  const free = earlier ?? lowestFree(clip.trackIndex + 1, await open.sequence.getVideoTrackCount(), taken);
  return free === null ? null : { trackIndex: free, replaced };
}

function lowestFree(from: number, count: number, taken: ReadonlySet<number>): number | null {
  for (let index = from; index < count; index++) if (!taken.has(index)) return index;
  return null;
}

async function itemsOver({ premiere }: HostEnvironment, open: OpenSequence, clip: FoundTrackItem) {
  const found: FoundTrackItem[] = [];
  for await (const each of videoTrackItems(premiere, open)) {
    if (each.trackIndex !== clip.trackIndex && each.start < clip.end && each.end > clip.start)
      found.push(each);
  }
  return found;
}

/**
 * Makes a video track at the top by inserting the matte above the last one, where Adobe's documentation
 * promises a new track.
 *
 * Should a host not keep that promise, the insert would push clips aside. So it is made after the end of
 * the sequence, where nothing can be pushed, and looked at: what landed elsewhere is removed again.
 * The inserted item is the caller's to remove. `isStray` tells it from other items of the same footage.
 * Throws when there is no new track.
 */
export async function addTrackOnTop(
  environment: HostEnvironment,
  item: ProjectItem,
  isStray: (found: FoundTrackItem) => boolean = () => true,
): Promise<void> {
  const { premiere } = environment;
  const { project, sequence } = await openSequence(environment);
  const before = await sequence.getVideoTrackCount();
  const { rate } = await timelineFacts(premiere, sequence);
  const time = ticksOf(await sequence.getEndTime()) + frameToTicks(1, rate);
  transact(project, "Masklet: new video track", () => {
    const editor = premiere.SequenceEditor.getEditor(sequence);
    return [editor.createInsertProjectItemAction(item, tickTime(premiere, time), before, 0, true)];
  });
  const after = await (await openSequence(environment)).sequence.getVideoTrackCount();
  if (after === before + 1) return;
  await removeItemsOf(environment, item.getId(), isStray);
  throw new HostError(
    "refused",
    "There is no free video track above the clip, and this version of Premiere doesn't let a plugin add one.",
    "Add a track (Sequence > Add Tracks), then write again; the matte is ready and needn't be made again.",
  );
}

/** Track items made from a project item, wherever they are. */
export async function itemsOf(
  { premiere }: HostEnvironment,
  open: OpenSequence,
  projectItemId: string,
): Promise<FoundTrackItem[]> {
  const found: FoundTrackItem[] = [];
  for await (const each of videoTrackItems(premiere, open)) {
    if ((await each.item.getProjectItem())?.getId() === projectItemId) found.push(each);
  }
  return found;
}

export async function removeItemsOf(
  environment: HostEnvironment,
  projectItemId: string,
  isGone: (found: FoundTrackItem) => boolean = () => true,
): Promise<void> {
  const open = await openSequence(environment);
  const found = (await itemsOf(environment, open, projectItemId)).filter(isGone);
  if (found.length === 0) return;
  transact(open.project, "Masklet: remove matte", () => [removal(environment, open, found)]);
}

/** To be created inside the lock. Nothing moves to fill the gap. */
export function removal(
  { premiere }: HostEnvironment,
  { sequence }: OpenSequence,
  found: readonly FoundTrackItem[],
) {
  const selected: {
    selection: Parameters<Parameters<typeof premiere.TrackItemSelection.createEmptySelection>[0]>[0] | null;
  } = {
    selection: null,
  };
  premiere.TrackItemSelection.createEmptySelection((selection) => {
    for (const { item } of found) selection.addItem(item);
    selected.selection = selection;
  });
  if (!selected.selection) throw new Error("createEmptySelection gave no selection");
  const editor = premiere.SequenceEditor.getEditor(sequence);
  return editor.createRemoveItemsAction(selected.selection, false, premiere.Constants.MediaType.VIDEO);
}
