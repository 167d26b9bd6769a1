/** Frames of a clip as Premiere renders them, one file each; runs in the UXP script context. */
import { encodeBase64 } from "../bridge/base64.ts";
import { completeStillType } from "../still-file.ts";
import { frameToTicks } from "../timecode.ts";
import { timelineFrames } from "../timeline-map.ts";
import { findComponents, TRACK_MATTE_KEY } from "./components.ts";
import { type HostEnvironment, HostError } from "./host-environment.ts";
import { joinPath } from "./paths.ts";
import { describeClip } from "./read-selection.ts";
import { type OpenSequence, openSequence, tickTime } from "./sequence.ts";
import type { TrackIsolation } from "./track-isolation.ts";
import { resolveClip } from "./track-item.ts";
import { possibleStillNames } from "./versions.ts";

export interface Still {
  mimeType: string;
  base64: string;
}

/** Hosts were seen to answer `true` and write nothing, so an export is asked for again. */
const ATTEMPTS = 3;
const POLL_MILLISECONDS = 40;
/** A 4K frame with effects may take seconds to render. */
const POLLS_PER_ATTEMPT = 250;
/** Larger than an 8K PNG of noise; more is a broken file. */
const MAX_STILL_BYTES = 256 * 1024 * 1024;

/** Frame n of the clip on the timeline (0 is the first one shown), at most `maxWidth` pixels wide. */
export async function renderStill(
  environment: HostEnvironment,
  isolation: TrackIsolation,
  clipId: string,
  frameIndex: number,
  maxWidth: number,
): Promise<Still> {
  const open = await openSequence(environment);
  const found = await resolveClip(environment, open, clipId);
  await refuseKeyedClip(
    await findComponents(await found.item.getComponentChain(), TRACK_MATTE_KEY.matchName),
  );
  const selection = await describeClip(environment, open, found);
  const { first, count } = timelineFrames(selection);
  const rate = selection.timeline?.rate ?? selection.rate;
  requireFrame(frameIndex, count);
  const time = frameToTicks(first + frameIndex, rate);
  const size = stillSize(selection.timeline, maxWidth);
  return isolation.during(open.sequence, found.trackIndex, () => exportFrame(environment, open, time, size));
}

/** An earlier matte would be tracked instead of the picture. */
function refuseKeyedClip(keys: readonly unknown[]): void {
  if (keys.length === 0) return;
  throw new HostError(
    "refused",
    "The clip has a Track Matte Key, so Premiere would render it cut out already.",
    "Turn the Track Matte Key off in Effect Controls, or undo the earlier matte, and try again.",
  );
}

function requireFrame(frameIndex: number, count: number): void {
  if (Number.isInteger(frameIndex) && frameIndex >= 0 && frameIndex < count) return;
  throw new HostError(
    "internal",
    `Frame of the clip: expected 0 to ${count - 1}, got ${frameIndex}.`,
    "Select the clip again: it may have been trimmed.",
  );
}

function stillSize(timeline: { width: number; height: number } | null, maxWidth: number) {
  const { width, height } = timeline ?? { width: maxWidth, height: maxWidth };
  const scale = Math.min(1, maxWidth / width);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

async function exportFrame(
  environment: HostEnvironment,
  { sequence }: OpenSequence,
  time: bigint,
  { width, height }: { width: number; height: number },
): Promise<Still> {
  const { premiere, temporaryFolder } = environment;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const name = uniqueStillName(environment);
    const at = tickTime(premiere, time);
    const accepted = await premiere.Exporter.exportSequenceFrame(
      sequence,
      at,
      name,
      temporaryFolder,
      width,
      height,
    );
    const still = accepted === false ? null : await awaitStill(environment, name);
    await removeStill(environment, name);
    if (still) return still;
  }
  throw new HostError(
    "timeout",
    `Premiere didn't write a frame in ${ATTEMPTS} attempts.`,
    "Check that the disk isn't full and that the sequence plays, then try again.",
  );
}

let stillCount = 0;

/** A name that no export had before: late files of an earlier attempt must not be taken for this one. */
function uniqueStillName({ now }: HostEnvironment): string {
  stillCount++;
  return `masklet-${Math.floor(now()).toString(36)}-${stillCount}.png`;
}

async function awaitStill(environment: HostEnvironment, name: string): Promise<Still | null> {
  for (let poll = 0; poll < POLLS_PER_ATTEMPT; poll++) {
    for (const path of stillPaths(environment, name)) {
      const still = await readCompleteStill(environment, path);
      if (still) return still;
    }
    await environment.wait(POLL_MILLISECONDS);
  }
  return null;
}

async function readCompleteStill({ files }: HostEnvironment, path: string): Promise<Still | null> {
  try {
    if ((await files.lstat(path)).size > MAX_STILL_BYTES) return null;
    const bytes = new Uint8Array(await files.readFile(path));
    const mimeType = completeStillType(bytes);
    return mimeType ? { mimeType, base64: encodeBase64(bytes) } : null;
  } catch {
    return null; // Not there yet, or still locked by the writer.
  }
}

async function removeStill(environment: HostEnvironment, name: string): Promise<void> {
  for (const path of stillPaths(environment, name)) {
    try {
      await environment.files.unlink(path);
    } catch {
      // Never written, or written later: `removeOldStills` takes it at the next start.
    }
  }
}

function stillPaths({ temporaryFolder, hostVersion }: HostEnvironment, name: string): string[] {
  return possibleStillNames(name, hostVersion).map((each) => joinPath(temporaryFolder, each));
}

/** Stills that arrived after nobody waited for them any more. */
export async function removeOldStills({ files, temporaryFolder }: HostEnvironment): Promise<number> {
  const names = (await files.readdir(temporaryFolder)).filter((name) => /^masklet-.*\.png$/.test(name));
  for (const name of names) await files.unlink(joinPath(temporaryFolder, name));
  return names.length;
}
