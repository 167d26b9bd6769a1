/**
 * Finds out what can't be known without a running Premiere, on the selected clip of a project that may be
 * changed; everything is taken back, but an empty track may stay. Runs in the UXP script context.
 */
import type { Methods } from "../bridge/calls.ts";
import type { SelfCheckReport } from "../protocol.ts";
import { formatTicks } from "../timecode.ts";
import { timelineFrames } from "../timeline-map.ts";
import { findComponent, OPACITY, readValue, TRACK_MATTE_KEY } from "./components.ts";
import { type Findings, readFindings, storeFindings } from "./findings.ts";
import { renderStill, type Still } from "./frame-export.ts";
import { type HostEnvironment, messageOf } from "./host-environment.ts";
import { addTrackOnTop, itemsOf, removal } from "./matte-track.ts";
import { MediaReader } from "./media-bytes.ts";
import { opacityActions, opacityTarget } from "./opacity-keys.ts";
import { describeClip } from "./read-selection.ts";
import { type OpenSequence, openSequence, ticksOf } from "./sequence.ts";
import { TrackIsolation } from "./track-isolation.ts";
import { chosenTrackItem, type FoundTrackItem } from "./track-item.ts";
import { appendKeyEffect, keyEffectActions, removeKeyEffect } from "./track-matte-key.ts";
import { transact } from "./transaction.ts";

type CheckLine = SelfCheckReport["lines"][number];

/** What the page may ask beyond the host contract. */
export function selfCheckMethods(environment: HostEnvironment): Methods {
  return {
    selfCheckEcho: async (text: string) => text,
    selfCheckStore: async (report: unknown) => storeReport(environment, report),
  };
}

async function storeReport(environment: HostEnvironment, report: unknown): Promise<string> {
  const path = `${environment.dataFolder}/self-check-report.json`;
  await environment.files.writeFile(path, JSON.stringify(report, null, 2), { encoding: "utf-8" });
  return path;
}

export async function checkHost(environment: HostEnvironment): Promise<SelfCheckReport> {
  const lines = [
    await line("Reading the media file", "MB/s", () => mediaSpeed(environment)),
    await line("Rendering a frame", "ms", () => frameLatency(environment)),
    await line("The Matte parameter takes a track's id", "", () => matteTakesTrackId(environment)),
    await line("Inserting above the last track makes a track", "", () => insertMakesTrack(environment)),
    await line("Keyframes count the time of the source", "", () => keysCountSourceTime(environment)),
  ];
  await storeFindings(environment, await findingsOf(environment, lines));
  return { hostVersion: environment.hostVersion, lines };
}

async function findingsOf(environment: HostEnvironment, lines: readonly CheckLine[]): Promise<Findings> {
  const known = await readFindings(environment);
  const yesOrNo = (index: number) => {
    const finding = lines[index]?.finding;
    return typeof finding === "boolean" ? finding : null;
  };
  return {
    ...known,
    matteTakesTrackId: yesOrNo(2) ?? known.matteTakesTrackId,
    insertMakesTrack: yesOrNo(3) ?? known.insertMakesTrack,
    keysCountSourceTime: yesOrNo(4) ?? known.keysCountSourceTime,
  };
}

type Answer = Pick<CheckLine, "finding" | "detail">;

async function line(name: string, unit: string, check: () => Promise<Answer>): Promise<CheckLine> {
  try {
    return { name, unit, ...(await check()) };
  } catch (error) {
    return { name, unit, finding: null, detail: messageOf(error) };
  }
}

async function selected(
  environment: HostEnvironment,
): Promise<{ open: OpenSequence; found: FoundTrackItem }> {
  const open = await openSequence(environment);
  return { open, found: await chosenTrackItem(environment, open) };
}

async function mediaSpeed(environment: HostEnvironment): Promise<Answer> {
  const { open, found } = await selected(environment);
  const { mediaPath, notes } = await describeClip(environment, open, found);
  if (!mediaPath) return { finding: null, detail: notes.join(" ") };
  const reader = new MediaReader(environment.files);
  const from = environment.now();
  const base64 = await reader.read(mediaPath, 0, 8 * 1024 * 1024);
  const milliseconds = Math.max(1, environment.now() - from);
  await reader.close();
  const megabytes = (base64.length * 0.75) / 1e6;
  return {
    finding: round((megabytes / milliseconds) * 1000),
    detail: `${round(megabytes)} MB in ${milliseconds} ms`,
  };
}

const round = (value: number) => Math.round(value * 10) / 10;

async function frameLatency(environment: HostEnvironment): Promise<Answer> {
  const { open, found } = await selected(environment);
  const { clipId } = await describeClip(environment, open, found);
  const times: number[] = [];
  for (let frame = 0; frame < 3; frame++) {
    const from = environment.now();
    await stillAlone(environment, clipId, frame, 1024);
    times.push(environment.now() - from);
  }
  return {
    finding: [...times].sort((a, b) => a - b)[1] ?? null,
    detail: `three frames: ${times.join(", ")} ms`,
  };
}

async function matteTakesTrackId(environment: HostEnvironment): Promise<Answer> {
  const first = await selected(environment);
  const append = await appendKeyEffect(environment, first.found.item);
  transact(first.open.project, "Masklet: self-check", () => [append()]);
  try {
    return await setAndReadMatte(environment);
  } finally {
    const { open, found } = await selected(environment);
    const remove = await removeKeyEffect(found.item);
    transact(open.project, "Masklet: self-check, taken back", remove);
  }
}

async function setAndReadMatte(environment: HostEnvironment): Promise<Answer> {
  const before = await selected(environment);
  const effect = await findComponent(before.found.item, TRACK_MATTE_KEY.matchName);
  if (!effect) return { finding: null, detail: "The effect doesn't show on the clip." };
  const { id, name } = before.found.track;
  transact(before.open.project, "Masklet: self-check", () => keyEffectActions(effect, { id, name }));
  const again = await findComponent((await selected(environment)).found.item, TRACK_MATTE_KEY.matchName);
  const read = again ? await readValue(environment.premiere, again.getParam(TRACK_MATTE_KEY.matte)) : null;
  return { finding: read === id, detail: `set to ${id} (${name}), reads ${JSON.stringify(read)}` };
}

async function insertMakesTrack(environment: HostEnvironment): Promise<Answer> {
  const { found } = await selected(environment);
  const item = await found.item.getProjectItem();
  if (!item) return { finding: null, detail: "The clip has no project item to insert." };
  const known = new Set(
    (await itemsOf(environment, await openSequence(environment), item.getId())).map(placeOf),
  );
  try {
    await addTrackOnTop(environment, item, (each) => !known.has(placeOf(each)));
  } catch (error) {
    return { finding: false, detail: messageOf(error) };
  }
  const open = await openSequence(environment);
  const scouts = (await itemsOf(environment, open, item.getId())).filter((each) => !known.has(placeOf(each)));
  transact(open.project, "Masklet: self-check, taken back", () => [removal(environment, open, scouts)]);
  return { finding: true, detail: "The new track stays, empty." };
}

const placeOf = (found: FoundTrackItem) => `${found.trackIndex}|${found.start}`;

/**
 * Switches the clip off with hold keys from its middle on, placed as if keys counted source time, and looks
 * whether a frame of its last quarter is black. A black frame makes a small file: nothing need be decoded.
 */
async function keysCountSourceTime(environment: HostEnvironment): Promise<Answer> {
  const { found } = await selected(environment);
  const inPoint = ticksOf(await found.item.getInPoint());
  const length = found.end - found.start;
  if (inPoint * 2n < length) {
    return { finding: null, detail: "Use a clip whose start is trimmed by half its length or more." };
  }
  const opacity = await findComponent(found.item, OPACITY.matchName);
  if (!opacity || opacity.getParam(OPACITY.opacity).isTimeVarying()) {
    return { finding: null, detail: "Use a clip whose Opacity has no keyframes." };
  }
  const value = await readValue(environment.premiere, opacity.getParam(OPACITY.opacity));
  try {
    return await sizesWithKeys(environment, inPoint, length);
  } finally {
    await resetOpacity(environment, typeof value === "number" ? value : 100);
  }
}

async function sizesWithKeys(environment: HostEnvironment, inPoint: bigint, length: bigint): Promise<Answer> {
  const { open, found } = await selected(environment);
  const keys = [
    { time: formatTicks(0n), value: 100, interpolation: "hold" as const },
    { time: formatTicks(length / 2n), value: 0, interpolation: "hold" as const },
  ];
  const target = await opacityTarget(environment, found.item, keys, inPoint);
  transact(open.project, "Masklet: self-check", () => opacityActions(environment.premiere, target));
  const [before, after] = [await stillSize(environment, 0.25), await stillSize(environment, 0.75)];
  const detail = `a frame of the first quarter has ${before} characters, one of the last ${after}`;
  return { finding: after * 2 < before, detail };
}

async function stillSize(environment: HostEnvironment, part: number): Promise<number> {
  const { open, found } = await selected(environment);
  const clip = await describeClip(environment, open, found);
  const frame = Math.floor(timelineFrames(clip).count * part);
  return (await stillAlone(environment, clip.clipId, frame, 320)).base64.length;
}

async function stillAlone(
  environment: HostEnvironment,
  clipId: string,
  frame: number,
  width: number,
): Promise<Still> {
  const isolation = new TrackIsolation(environment);
  try {
    return await renderStill(environment, isolation, clipId, frame, width);
  } finally {
    await isolation.restore();
  }
}

async function resetOpacity(environment: HostEnvironment, value: number): Promise<void> {
  const { open, found } = await selected(environment);
  const opacity = await findComponent(found.item, OPACITY.matchName);
  if (!opacity) return;
  const param = opacity.getParam(OPACITY.opacity);
  transact(open.project, "Masklet: self-check, taken back", () => [
    param.createSetTimeVaryingAction(false),
    param.createSetValueAction(param.createKeyframe(value), true),
  ]);
}
