/** Puts a matte over its clip: the step that changes the timeline; runs in the UXP script context. */
import type { Action, ProjectItem } from "@adobe/premierepro";
import type { EditPlan, MatteImport } from "../edit-plan.ts";
import type { PlanReport } from "../protocol.ts";
import { parseTicks } from "../timecode.ts";
import { findComponents, TRACK_MATTE_KEY } from "./components.ts";
import { readFindings } from "./findings.ts";
import { type HostEnvironment, HostError, messageOf } from "./host-environment.ts";
import { markerActions, readMarkers } from "./markers.ts";
import { addTrackOnTop, findMatteTrack, itemsOf, type MatteTrack, removal } from "./matte-track.ts";
import { type OpenSequence, openSequence, tickTime } from "./sequence.ts";
import { type FoundTrackItem, resolveClip } from "./track-item.ts";
import { appendKeyEffect, keyedTrackId, notSet, removeKeyEffect } from "./track-matte-key.ts";
import { transact } from "./transaction.ts";

export interface PlacedMatte {
  /** The matte's track item and track, read after the step. */
  placed: FoundTrackItem;
  notDone: PlanReport["notDone"];
  done: string[];
}

/** Everything that one step needs, read before the lock. */
interface Step {
  open: OpenSequence;
  clip: FoundTrackItem;
  track: MatteTrack;
  /** Items of the new matte that are there already: the one that made a new track. */
  scouts: FoundTrackItem[];
}

/**
 * Replaces an earlier matte, places the new one, adds the effect and the markers, in one undo step.
 *
 * Where the host refuses the effect, all the rest is done without it.
 */
export async function placeMatte(
  environment: HostEnvironment,
  plan: EditPlan,
  matte: MatteImport,
  item: ProjectItem,
): Promise<PlacedMatte> {
  const withKey = plan.write.kind === "track-matte";
  try {
    return await placeOnce(environment, plan, matte, item, withKey);
  } catch (error) {
    if (!withKey || !(error instanceof HostError) || error.failure.code !== "refused") throw error;
    // Perhaps the effect was what the host refused; if it was something else, it is refused again.
    const placed = await placeOnce(environment, plan, matte, item, false);
    const source = { id: placed.placed.track.id, name: placed.placed.track.name };
    return { ...placed, notDone: [...placed.notDone, notSet(source, messageOf(error))] };
  }
}

async function placeOnce(
  environment: HostEnvironment,
  plan: EditPlan,
  matte: MatteImport,
  item: ProjectItem,
  withKey: boolean,
): Promise<PlacedMatte> {
  const step = await prepare(environment, plan, item);
  const appendKey = withKey ? await keyToAppend(environment, step) : null;
  const markers = await readMarkers(environment.premiere, step.open.sequence);
  transact(step.open.project, plan.label, () => [
    ...clearActions(environment, step),
    overwriteAction(environment, step, item, parseTicks(matte.start)),
    ...(appendKey ? [appendKey()] : []),
    ...markerActions(environment.premiere, markers, plan.markers, plan.signature),
  ]);
  const placed = await findPlaced(environment, item, matte, step.track).catch(async (error) => {
    await takeStepBack(environment, plan, appendKey !== null);
    throw error;
  });
  return { placed, notDone: [], done: describeStep(plan, step, placed) };
}

/** The effect and the markers; the matte itself is the caller's to remove. */
async function takeStepBack(
  environment: HostEnvironment,
  plan: EditPlan,
  appendedKey: boolean,
): Promise<void> {
  const open = await openSequence(environment);
  const clip = await resolveClip(environment, open, plan.clipId);
  const removeKey = appendedKey ? await removeKeyEffect(clip.item) : () => [];
  const markers = await readMarkers(environment.premiere, open.sequence);
  transact(open.project, "Masklet: take back", () => [
    ...removeKey(),
    ...markerActions(environment.premiere, markers, [], plan.signature),
  ]);
}

async function prepare(environment: HostEnvironment, plan: EditPlan, item: ProjectItem): Promise<Step> {
  const find = async () => {
    const open = await openSequence(environment);
    const clip = await resolveClip(environment, open, plan.clipId);
    const scouts = await itemsOf(environment, open, item.getId());
    const keyed = await keyedTrackId(environment, clip.item);
    return {
      open,
      clip,
      scouts,
      track: await findMatteTrack(environment, open, clip, plan.signature, keyed),
    };
  };
  let found = await find();
  const canAddTrack = (await readFindings(environment)).insertMakesTrack !== false;
  if (!found.track && canAddTrack) {
    await addTrackOnTop(environment, item);
    found = await find();
  }
  if (!found.track) throw noTrack();
  return { ...found, track: found.track };
}

function noTrack(): HostError {
  return new HostError(
    "refused",
    "There is no free video track above the clip.",
    "Add a track (Sequence > Add Tracks), then write again.",
  );
}

/** An effect that served an earlier matte of Masklet's serves the new one; the person's own is left alone. */
async function keyToAppend(
  environment: HostEnvironment,
  { clip, track }: Step,
): Promise<(() => Action) | null> {
  const existing = await findComponents(await clip.item.getComponentChain(), TRACK_MATTE_KEY.matchName);
  return existing.length > 0 && track.replaced.length > 0 ? null : appendKeyEffect(environment, clip.item);
}

function clearActions(environment: HostEnvironment, { open, track, scouts }: Step): Action[] {
  const gone = [...track.replaced, ...scouts];
  return gone.length > 0 ? [removal(environment, open, gone)] : [];
}

function overwriteAction(
  { premiere }: HostEnvironment,
  { open, track }: Step,
  item: ProjectItem,
  start: bigint,
): Action {
  const editor = premiere.SequenceEditor.getEditor(open.sequence);
  return editor.createOverwriteItemAction(item, tickTime(premiere, start), track.trackIndex, 0);
}

/** Trusts nothing: the matte must lie where it should. */
async function findPlaced(
  environment: HostEnvironment,
  item: ProjectItem,
  matte: MatteImport,
  track: MatteTrack,
): Promise<FoundTrackItem> {
  const found = await itemsOf(environment, await openSequence(environment), item.getId());
  const placed = found.find(
    (each) => each.trackIndex === track.trackIndex && each.start === parseTicks(matte.start),
  );
  if (placed) return placed;
  throw new HostError(
    "refused",
    `Premiere said that the matte was placed, but it isn't on video track ${track.trackIndex + 1}.`,
    track.replaced.length > 0
      ? "Undo once to get the earlier matte back. Unlock the track, then write again."
      : "Unlock the track above the clip, then write again.",
  );
}

function describeStep(plan: EditPlan, { track }: Step, placed: FoundTrackItem): string[] {
  const verb = track.replaced.length > 0 ? "Replaced the earlier matte on" : "Placed the matte on";
  const markers = plan.markers.length;
  return [
    `${verb} ${placed.track.name}.`,
    ...(markers > 0
      ? [`Set ${markers} ${markers === 1 ? "marker" : "markers"} where a look is worthwhile.`]
      : []),
  ];
}
