/** The clip on the timeline that the person means; runs in the UXP script context. */
import type {
  AudioClipTrackItem,
  ClipProjectItem,
  ProjectItem,
  VideoClipTrackItem,
  VideoTrack,
} from "@adobe/premierepro";
import { type HostEnvironment, HostError, type PremiereApi } from "./host-environment.ts";
import { type OpenSequence, ticksOf } from "./sequence.ts";
import { isOwnItem } from "./signature.ts";

export interface FoundTrackItem {
  item: VideoClipTrackItem;
  track: VideoTrack;
  trackIndex: number;
  start: bigint;
  end: bigint;
}

/** All video track items, from the lowest track up. */
export async function* videoTrackItems(
  premiere: PremiereApi,
  { sequence }: OpenSequence,
): AsyncGenerator<FoundTrackItem> {
  const count = await sequence.getVideoTrackCount();
  for (let trackIndex = 0; trackIndex < count; trackIndex++) {
    const track = await sequence.getVideoTrack(trackIndex);
    for (const item of track.getTrackItems(premiere.Constants.TrackItemType.CLIP, false)) {
      const [start, end] = [ticksOf(await item.getStartTime()), ticksOf(await item.getEndTime())];
      yield { item, track, trackIndex, start, end };
    }
  }
}

/** The selected clip; without one, the topmost one under the player. Never one of Masklet's own. */
export async function chosenTrackItem(
  { premiere }: HostEnvironment,
  open: OpenSequence,
): Promise<FoundTrackItem> {
  const chosen = (await selectedItem(premiere, open)) ?? (await itemUnderPlayer(premiere, open));
  if (chosen) return chosen;
  throw new HostError(
    "no-selection",
    "No clip is selected, and none lies under the player position.",
    "Click the clip on the timeline, or put the player position on it.",
  );
}

async function selectedItem(premiere: PremiereApi, open: OpenSequence): Promise<FoundTrackItem | null> {
  const selection = await open.sequence.getSelection();
  const items = selection ? await selection.getTrackItems() : [];
  for (const item of items) {
    if (isVideo(item) && !(await isOwnItem(item))) return locate(premiere, open, item);
  }
  return null;
}

/** Only video items take video transitions; their media type is a GUID that isn't documented. */
function isVideo(item: VideoClipTrackItem | AudioClipTrackItem): item is VideoClipTrackItem {
  return "createAddVideoTransitionAction" in item;
}

async function locate(
  premiere: PremiereApi,
  { sequence }: OpenSequence,
  item: VideoClipTrackItem,
): Promise<FoundTrackItem | null> {
  const trackIndex = await item.getTrackIndex();
  const track = await sequence.getVideoTrack(trackIndex);
  const start = ticksOf(await item.getStartTime());
  for (const candidate of track.getTrackItems(premiere.Constants.TrackItemType.CLIP, false)) {
    if (ticksOf(await candidate.getStartTime()) !== start) continue;
    return { item: candidate, track, trackIndex, start, end: ticksOf(await candidate.getEndTime()) };
  }
  return null;
}

async function itemUnderPlayer(premiere: PremiereApi, open: OpenSequence): Promise<FoundTrackItem | null> {
  const player = ticksOf(await open.sequence.getPlayerPosition());
  let topmost: FoundTrackItem | null = null;
  for await (const found of videoTrackItems(premiere, open)) {
    if (found.start > player || found.end <= player) continue;
    if (await isTrackable(found.item)) topmost = found;
  }
  return topmost;
}

async function isTrackable(item: VideoClipTrackItem): Promise<boolean> {
  if (await item.isDisabled()) return false;
  if (await item.isAdjustmentLayer()) return false;
  return !(await isOwnItem(item));
}

/**
 * Track items have no name of their own that lasts. This one holds as long as the clip stays where it is:
 * sequence, track, start and project item.
 */
export async function clipIdOf({ sequence }: OpenSequence, found: FoundTrackItem): Promise<string> {
  const item = await found.item.getProjectItem();
  return [sequence.guid.toString(), found.track.id, found.start, item?.getId() ?? "none"].join("|");
}

/** The track item of a clip id, read anew. */
export async function resolveClip(
  { premiere }: HostEnvironment,
  open: OpenSequence,
  clipId: string,
): Promise<FoundTrackItem> {
  for await (const found of videoTrackItems(premiere, open)) {
    if ((await clipIdOf(open, found)) === clipId) return found;
  }
  throw new HostError(
    "no-selection",
    "The clip is no longer where it was: it was moved, trimmed at its start or deleted, or another sequence is open.",
    "Go back to its sequence, select the clip again, and repeat; what was tracked is kept.",
  );
}

/** Media facts come from the cast item; factories want the raw one. */
export interface ClipMedia {
  raw: ProjectItem;
  clip: ClipProjectItem;
}

export async function mediaOf(
  { premiere }: HostEnvironment,
  item: VideoClipTrackItem,
): Promise<ClipMedia | null> {
  const raw = await item.getProjectItem();
  const clip = raw ? premiere.ClipProjectItem.cast(raw) : null;
  return raw && clip ? { raw, clip } : null;
}
