/** The step after placing: effect parameters, keyframes and length, read back; UXP script context. */
import type { Action, Project, VideoClipTrackItem } from "@adobe/premierepro";
import type { EditPlan, Keyframe, MatteImport } from "../edit-plan.ts";
import type { PlanReport } from "../protocol.ts";
import { parseTicks } from "../timecode.ts";
import { findComponent, TRACK_MATTE_KEY } from "./components.ts";
import { readFindings } from "./findings.ts";
import { type HostEnvironment, HostError, messageOf } from "./host-environment.ts";
import { itemsOf } from "./matte-track.ts";
import {
  checkInterpolation,
  checkOpacity,
  interpolationActions,
  type OpacityTarget,
  opacityActions,
  opacityTarget,
} from "./opacity-keys.ts";
import { openSequence, ticksOf, tickTime } from "./sequence.ts";
import { type FoundTrackItem, resolveClip } from "./track-item.ts";
import { checkKeyEffect, keyEffectActions, type MatteSource } from "./track-matte-key.ts";
import { transact } from "./transaction.ts";

export interface Settings {
  /** Project item of the placed matte. */
  itemId: string;
  matte: MatteImport;
  opacity: readonly Keyframe<number>[];
  source: MatteSource;
  /** Whether the clip has a Track Matte Key that is to point at the matte's track. */
  wantsKey: boolean;
}

type Part = "key" | "opacity" | "interpolation" | "length";
const PARTS: readonly Part[] = ["key", "opacity", "interpolation", "length"];

/** With the number of steps to undo that setting took. */
interface SettingsReport extends PlanReport {
  undoSteps: number;
}

/** All in one step if the host allows; else part by part, and what is missing at the end is reported. */
export async function applySettings(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
): Promise<SettingsReport> {
  let undoSteps = 0;
  try {
    undoSteps = await setParts(environment, plan, settings, PARTS);
  } catch {
    // One refusal takes a whole transaction with it.
    for (const part of PARTS) undoSteps += await trySetting(environment, plan, settings, part);
  }
  const opacity = await reportOpacity(environment, plan, settings);
  const reports = [
    await reportKey(environment, plan, settings),
    opacity,
    await reportLength(environment, settings),
  ];
  return {
    done: reports.flatMap((report) => report.done),
    notDone: reports.flatMap((report) => report.notDone),
    undoSteps: undoSteps + opacity.undoSteps,
  };
}

async function trySetting(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
  part: Part,
): Promise<number> {
  try {
    return await setParts(environment, plan, settings, [part]);
  } catch (error) {
    console.error(`Masklet: ${part} not set: ${messageOf(error)}`);
    return 0;
  }
}

async function setParts(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
  parts: readonly Part[],
): Promise<number> {
  const { project, clip, matte } = await findAgain(environment, plan, settings);
  const creators: (() => Action[])[] = [];
  for (const part of parts) creators.push(await PREPARE[part](environment, settings, clip.item, matte));
  return transact(project, plan.label, () => creators.flatMap((create) => create()));
}

interface FoundAgain {
  project: Project;
  clip: FoundTrackItem;
  matte: FoundTrackItem;
}

/** See [Note: transactions]. */
async function findAgain(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
): Promise<FoundAgain> {
  const open = await openSequence(environment);
  const [matte] = await itemsOf(environment, open, settings.itemId);
  if (!matte) throw new HostError("refused", "The matte is no longer on the timeline.", "Write it again.");
  return { project: open.project, clip: await resolveClip(environment, open, plan.clipId), matte };
}

type Prepare = (
  environment: HostEnvironment,
  settings: Settings,
  clip: VideoClipTrackItem,
  matte: FoundTrackItem,
) => Promise<() => Action[]>;

/** What each part reads before the lock, and what it creates inside. */
const PREPARE: Record<Part, Prepare> = {
  async key(_environment, { wantsKey, source }, clip) {
    const effect = wantsKey ? await findComponent(clip, TRACK_MATTE_KEY.matchName) : null;
    return () => (effect ? keyEffectActions(effect, source) : []);
  },
  async opacity(environment, { opacity }, _clip, matte) {
    if (opacity.length === 0) return () => [];
    const target = await targetOf(environment, matte.item, opacity);
    return () => opacityActions(environment.premiere, target);
  },
  async interpolation(environment, { opacity }, _clip, matte) {
    if (opacity.length === 0) return () => [];
    const target = await targetOf(environment, matte.item, opacity);
    return () => interpolationActions(environment.premiere, target);
  },
  async length({ premiere }, settings, _clip, matte) {
    const end = parseTicks(settings.matte.end);
    return () => (matte.end > end ? [matte.item.createSetEndAction(tickTime(premiere, end))] : []);
  },
};

async function targetOf(
  environment: HostEnvironment,
  item: VideoClipTrackItem,
  keys: readonly Keyframe<number>[],
): Promise<OpacityTarget> {
  const { keysCountSourceTime } = await readFindings(environment);
  const origin = keysCountSourceTime === false ? 0n : ticksOf(await item.getInPoint());
  return opacityTarget(environment, item, keys, origin);
}

const nothing: PlanReport = { done: [], notDone: [] };

async function reportKey(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
): Promise<PlanReport> {
  if (!settings.wantsKey) return nothing;
  const { clip } = await findAgain(environment, plan, settings);
  const wrong = await checkKeyEffect(environment, clip.item, settings.source);
  if (wrong) return { done: [], notDone: [wrong] };
  return { done: [`The clip's Track Matte Key uses the luma of ${settings.source.name}.`], notDone: [] };
}

async function reportOpacity(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
): Promise<SettingsReport> {
  const { opacity } = settings;
  if (opacity.length === 0) return { ...nothing, undoSteps: 0 };
  const { wrong, undoSteps } = await settleOpacity(environment, plan, settings);
  const done = wrong ? [] : [`Set ${opacity.length} keyframes where the object is hidden.`];
  const remedy = "The matte is black there anyway; to be sure, key its Opacity by hand with Hold keyframes.";
  const what = "Keyframes where the object is hidden";
  return { done, notDone: wrong ? [{ what, why: `${wrong}.`, remedy }] : [], undoSteps };
}

/** Interpolation set together with the keys may have been too early: it is set once more. */
async function settleOpacity(
  environment: HostEnvironment,
  plan: EditPlan,
  settings: Settings,
): Promise<{ wrong: string | null; undoSteps: number }> {
  let undoSteps = 0;
  try {
    const read = async () => {
      const { matte } = await findAgain(environment, plan, settings);
      return targetOf(environment, matte.item, settings.opacity);
    };
    const missing = checkOpacity(await read());
    if (missing) return { wrong: missing, undoSteps };
    if (!(await checkInterpolation(environment.premiere, await read()))) return { wrong: null, undoSteps };
    undoSteps = await trySetting(environment, plan, settings, "interpolation");
    return { wrong: await checkInterpolation(environment.premiere, await read()), undoSteps };
  } catch (error) {
    return { wrong: messageOf(error), undoSteps };
  }
}

/** A matte longer than its clip would show white over what follows. */
async function reportLength(environment: HostEnvironment, settings: Settings): Promise<PlanReport> {
  const [matte] = await itemsOf(environment, await openSequence(environment), settings.itemId);
  if (matte && matte.end === parseTicks(settings.matte.end)) return nothing;
  const longer = matte && matte.end > parseTicks(settings.matte.end);
  return {
    done: [],
    notDone: [
      {
        what: "Length of the matte",
        why: `The matte is ${longer ? "longer" : "shorter"} than the clip.`,
        remedy: longer
          ? "Trim its end to the clip's end."
          : "Check the frame rate of the matte (Modify > Interpret Footage) and write again.",
      },
    ],
  };
}
