/** Everything the panel needs to know about the chosen clip; runs in the UXP script context. */
import type { ClipSelection, Fraction, TimelineFacts } from "../protocol.ts";
import { formatTicks, rateFromNumber } from "../timecode.ts";
import { readClipClock } from "./clip-clock.ts";
import { findComponents, TRACK_MATTE_KEY } from "./components.ts";
import { type HostEnvironment, HostError, messageOf } from "./host-environment.ts";
import { matteObstacle, type PictureSize } from "./matte-obstacle.ts";
import { baseName } from "./paths.ts";
import {
  type OpenSequence,
  openSequence,
  pixelAspectFromNumber,
  ticksOf,
  timelineFacts,
} from "./sequence.ts";
import { type ClipMedia, chosenTrackItem, clipIdOf, type FoundTrackItem, mediaOf } from "./track-item.ts";

export async function readSelection(environment: HostEnvironment): Promise<ClipSelection> {
  const open = await openSequence(environment);
  return describeClip(environment, open, await chosenTrackItem(environment, open));
}

export async function describeClip(
  environment: HostEnvironment,
  open: OpenSequence,
  found: FoundTrackItem,
): Promise<ClipSelection> {
  const timeline = await timelineFacts(environment.premiere, open.sequence);
  const media = await mediaOf(environment, found.item);
  const source = await sourceFacts(environment, media, timeline);
  const clock = await clipClock(found);
  const notes = [
    ...source.notes,
    ...clock.notes,
    ...(await writeNotes(environment, found, source, timeline)),
  ];
  return {
    clipId: await clipIdOf(open, found),
    name: await found.item.getName(),
    mediaPath: source.mediaPath,
    mediaBytes: source.mediaBytes,
    width: source.width ?? timeline.width,
    height: source.height ?? timeline.height,
    pixelAspect: source.pixelAspect,
    rate: source.rate,
    sourceIn: clock.sourceIn,
    sourceOut: clock.sourceOut,
    start: formatTicks(found.start),
    end: formatTicks(found.end),
    speed: clock.speed,
    playhead: (await open.sequence.getPlayerPosition()).ticks,
    timeline,
    notes,
  };
}

async function clipClock({ item, start, end }: FoundTrackItem) {
  const [inPoint, outPoint] = [await item.getInPoint(), await item.getOutPoint()];
  return readClipClock({
    inPoint: ticksOf(inPoint),
    outPoint: ticksOf(outPoint),
    start,
    end,
    speed: await item.getSpeed(),
    reversed: Boolean(await item.isSpeedReversed()),
  });
}

interface SourceFacts extends PictureSize {
  mediaPath: string | null;
  mediaBytes: number | null;
  rate: Fraction;
  notes: string[];
}

async function sourceFacts(
  environment: HostEnvironment,
  media: ClipMedia | null,
  timeline: TimelineFacts,
): Promise<SourceFacts> {
  const file = await mediaFile(environment, media);
  const { rate, pixelAspect } = await interpretation(media, timeline);
  return { ...file, rate, pixelAspect, ...(await pictureSize(environment, media)) };
}

interface MediaFile {
  mediaPath: string | null;
  mediaBytes: number | null;
  notes: string[];
}

const withoutFile = (reason: string): MediaFile => ({
  mediaPath: null,
  mediaBytes: null,
  notes: [`${reason} Frames come from Premiere's own rendering, which is slower.`],
});

/** Nests, titles, multicam clips and offline media have no file that holds what the timeline shows. */
async function mediaFile({ files }: HostEnvironment, media: ClipMedia | null): Promise<MediaFile> {
  if (!media) return withoutFile("This clip has no media file.");
  if (await media.clip.isSequence()) return withoutFile("This clip is a nested sequence.");
  if (await media.clip.isMulticamClip()) return withoutFile("This is a multicam clip.");
  const path = await media.clip.getMediaFilePath();
  if (!path) return withoutFile("This clip has no media file (a title, a matte or a generated picture).");
  if (await media.clip.isOffline()) {
    throw new HostError(
      "offline-media",
      `The media of this clip is offline: ${path}.`,
      "Link it again (Clip > Link Media), then open the clip.",
    );
  }
  try {
    return { mediaPath: path, mediaBytes: (await files.lstat(path)).size, notes: [] };
  } catch (error) {
    return withoutFile(`The file ${baseName(path)} can't be read (${messageOf(error)}).`);
  }
}

async function interpretation(media: ClipMedia | null, timeline: TimelineFacts) {
  const unknown = { rate: timeline.rate, pixelAspect: timeline.pixelAspect };
  try {
    const footage = await media?.clip.getFootageInterpretation();
    if (!footage) return unknown;
    const aspect = footage.getPixelAspectRatio();
    return {
      rate: rateFromNumber(footage.getFrameRate()),
      pixelAspect: aspect > 0 ? pixelAspectFromNumber(aspect) : timeline.pixelAspect,
    };
  } catch {
    return unknown;
  }
}

/** No call gives the picture's size; the project panel's Video Info column says "1920 x 1080 (1.0)". */
async function pictureSize({ premiere }: HostEnvironment, media: ClipMedia | null) {
  const unknown = { width: null, height: null };
  try {
    const columns = media ? await premiere.Metadata.getProjectColumnsMetadata(media.raw) : "";
    const size = /\b(\d{2,5})\s*x\s*(\d{2,5})\b/.exec(columns);
    return size ? { width: Number(size[1]), height: Number(size[2]) } : unknown;
  } catch {
    return unknown;
  }
}

async function writeNotes(
  { premiere }: HostEnvironment,
  { item }: FoundTrackItem,
  picture: PictureSize,
  timeline: TimelineFacts,
): Promise<string[]> {
  const obstacle = await matteObstacle(premiere, item, picture, timeline);
  const keys = await findComponents(await item.getComponentChain(), TRACK_MATTE_KEY.matchName);
  return [
    ...(obstacle
      ? [`A track matte would not fit, because ${obstacle}: nest the clip, or write a cut-out.`]
      : []),
    ...(keys.length > 0
      ? ["The clip already has a Track Matte Key; one that Masklet made is used again."]
      : []),
  ];
}
