/**
 * Runs anywhere: outlines on every frame become paths with few keys, between which a host moves vertices
 * linearly, within a bound on how far they may then be off.
 *
 *   outlines ─▶ a path with a key on every frame ─▶ spans that a straight movement can join
 *            ─▶ keys (dynamic programming) ─▶ fit to all frames ─▶ draw, compare ─▶ stricter or looser, again
 *
 * All paths of a visible stretch share their keyed frames, so that a person finds the whole shape there. A
 * path that begins or ends between two of them may have its outer key where it is off.
 */
import { chooseKeys, type KeyBound, type KeyChoice, type SpanTable, tabulateSpans } from "./choose-keys.ts";
import { fitPath } from "./fit-bezier.ts";
import { type FittedKeys, fitKeys } from "./fit-keys.ts";
import type { OutlineTrack } from "./outline-tracks.ts";
import { errorsOf, type KeyedOutline, type MatteOfFrame, type PathErrors } from "./path-errors.ts";
import { type PathVector, toVector } from "./path-vector.ts";
import { reachesAcross, SpanErrors } from "./span-errors.ts";

/** An outline with the landmarks that are its path's vertices. */
export interface ChosenOutline {
  outline: OutlineTrack;
  vertices: readonly number[];
}

export interface KeyAim extends KeyBound {
  /** Share of the object's area, mean over the frames. */
  meanLoss: number;
}

/** Called often in long work, with the share that is done; waits, and throws where the work is to stop. */
export type Pace = (share?: number) => Promise<void>;

/** How often keys are chosen and fitted; each time knows better how far off they will be. */
const ROUNDS = 7;
/** Errors above their bound by less than this are within it: measuring is no more exact. */
const SLACK = 1.02;
/** A key's fit to its own frame is a little worse than the fit to that frame alone. */
const UNREACHABLE_SLACK = 1.1;
/** A mean that uses so much of what it may is good enough. */
const WELL_USED = 0.97;
/** Shares of the work that fitting every frame and comparing spans take. */
const EVERY_FRAME_WORK = 0.25;
const SPANS_WORK = 0.1;

/** `outlines`: those of any stretch. */
export async function keyOutlines(
  outlines: readonly ChosenOutline[],
  aim: KeyAim,
  mattes: MatteOfFrame,
  pace: Pace,
): Promise<KeyedOutline[]> {
  const stretches = await stretchesOf(outlines, aim, mattes, pace);
  if (stretches.length === 0) return [];
  let best: Attempt | null = null;
  let aimed = aim.meanLoss;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = EVERY_FRAME_WORK + SPANS_WORK;
    await pace(begun + ((1 - begun) * round) / ROUNDS);
    const attempt = await keyAll(stretches, aimed, aim, mattes, pace);
    if (!best || isBetter(attempt, best, aim)) best = attempt;
    const strained = tighten(stretches, attempt);
    const ratio = aim.meanLoss / attempt.meanLoss;
    if (!strained && ratio >= 1 && ratio * WELL_USED < 1) break;
    aimed *= Math.min(1.5, Math.max(0.5, ratio));
  }
  return Promise.all(best!.outlines.map((one) => holdStill(one, aim, pace)));
}

// ---------------------------------------------------------------- stretches

/** Frames in a row on which the object is visible, with the paths on them. */
interface Stretch {
  from: number;
  to: number;
  outlines: EveryFrame[];
  table: SpanTable;
  /** What a frame's errors are shares of: 1 is the bound; more where even a key on the frame can't keep to it. */
  reachable: Float64Array;
  /** See `chooseKeys`. */
  limits: Float64Array;
}

/** An outline with its path fitted to each frame for itself. */
interface EveryFrame extends ChosenOutline {
  fitted: FittedKeys;
  /** Fits to fewer keys, by the keys: attempts often differ elsewhere only. */
  tried: Map<string, FittedKeys>;
}

async function stretchesOf(
  outlines: readonly ChosenOutline[],
  aim: KeyAim,
  mattes: MatteOfFrame,
  pace: Pace,
): Promise<Stretch[]> {
  const work = outlines.reduce((sum, { outline }) => sum + outline.landmarks.length, 0);
  let done = 0;
  const fitted: EveryFrame[] = [];
  for (const one of outlines) {
    await pace((EVERY_FRAME_WORK * done) / work);
    fitted.push({ ...one, fitted: await fitEveryFrame(one, pace), tried: new Map() });
    done += one.outline.landmarks.length;
  }
  const stretches: Stretch[] = [];
  for (const group of groupByStretch(fitted)) {
    await pace(EVERY_FRAME_WORK);
    stretches.push(await stretchOf(group, aim, mattes, pace));
  }
  return stretches;
}

async function fitEveryFrame({ outline, vertices }: ChosenOutline, pace: Pace): Promise<FittedKeys> {
  const keys = outline.landmarks.map((_, frame) => outline.from + frame);
  const start = outline.landmarks.map((landmarks) => toVector(fitPath(landmarks, vertices)));
  return fitKeys(outline, vertices, keys, start, pace);
}

type Group = Pick<Stretch, "from" | "to" | "outlines">;

function groupByStretch(outlines: readonly EveryFrame[]): Group[] {
  const groups: Group[] = [];
  for (const one of [...outlines].sort((a, b) => a.outline.from - b.outline.from)) {
    const { from, landmarks } = one.outline;
    const to = from + landmarks.length - 1;
    const last = groups.at(-1);
    if (last && from <= last.to + 1) {
      last.outlines.push(one);
      last.to = Math.max(last.to, to);
    } else groups.push({ from, to, outlines: [one] });
  }
  return groups;
}

async function stretchOf(group: Group, bound: KeyBound, mattes: MatteOfFrame, pace: Pace): Promise<Stretch> {
  const errors = group.outlines.map(({ outline, fitted }) => new SpanErrors(outline, fitted));
  const fitted = await errorsOf(group, group.outlines, mattes, pace);
  const table = await tabulateSpans(group, errors, fitted, bound, pace);
  const reachable = strainsOf(fitted, bound).map((strain) => Math.max(1, strain * UNREACHABLE_SLACK));
  return { ...group, table, reachable, limits: reachable.slice() };
}

// ---------------------------------------------------------------- attempts

interface Attempt {
  outlines: KeyedOutline[];
  /** Per stretch and frame: errors as shares of what is reachable. */
  strains: Float64Array[];
  /** The largest of them. */
  strain: number;
  meanLoss: number;
  keyedFrames: number;
}

async function keyAll(
  stretches: readonly Stretch[],
  aimed: number,
  aim: KeyAim,
  mattes: MatteOfFrame,
  pace: Pace,
): Promise<Attempt> {
  const choices = await choicesFor(stretches, aimed, pace);
  const outlines: KeyedOutline[][] = [];
  const errors: PathErrors[] = [];
  for (const [i, stretch] of stretches.entries()) {
    const keyed: KeyedOutline[] = [];
    for (const one of stretch.outlines)
      keyed.push({ ...one, fitted: await fitTo(one, choices[i]!.keys, pace) });
    outlines.push(keyed);
    errors.push(await errorsOf(stretch, keyed, mattes, pace));
  }
  const strains = errors.map((one, i) =>
    strainsOf(one, aim).map((strain, frame) => strain / stretches[i]!.reachable[frame]!),
  );
  const frames = errors.reduce((sum, { lost }) => sum + lost.length, 0);
  return {
    outlines: outlines.flat(),
    strains,
    strain: strains.reduce((most, values) => values.reduce((a, b) => Math.max(a, b), most), 0),
    meanLoss: errors.reduce((sum, { lost }) => lost.reduce((a, b) => a + b, sum), 0) / frames,
    keyedFrames: choices.reduce((sum, { keys }) => sum + keys.length, 0),
  };
}

/** Errors as shares of the bound, area or distance, whichever is more. */
function strainsOf({ lost, farthest }: PathErrors, { areaLoss, tolerance }: KeyBound): Float64Array {
  return lost.map((one, i) => Math.max(one / areaLoss, farthest[i]! / tolerance));
}

/** By the mean first, because all frames have a part in it; then by the frame that is worst off; then by keys. */
function isBetter(a: Attempt, b: Attempt, { meanLoss }: KeyAim): boolean {
  const beyond = (ratio: number) => Math.max(SLACK, ratio);
  const mean = beyond(a.meanLoss / meanLoss) - beyond(b.meanLoss / meanLoss);
  const strain = beyond(a.strain) - beyond(b.strain);
  return (mean || strain || a.keyedFrames - b.keyedFrames) < 0;
}

/** The fewest keys whose expected mean loss is `aimed`: bisects the price of loss, on a logarithmic scale. */
async function choicesFor(stretches: readonly Stretch[], aimed: number, pace: Pace): Promise<KeyChoice[]> {
  const frames = stretches.reduce((sum, { limits }) => sum + limits.length, 0);
  const choose = (price: number) => stretches.map(({ table, limits }) => chooseKeys(table, price, limits));
  let [low, high] = [-4, 14];
  for (let round = 0; round < 14; round++) {
    await pace();
    const middle = (low + high) / 2;
    const lost = choose(Math.exp(middle)).reduce((sum, one) => sum + one.lost, 0);
    if (lost / frames > aimed) low = middle;
    else high = middle;
  }
  return choose(Math.exp(high));
}

/** Makes frames stricter that came out worse than allowed; whether there were any. */
function tighten(stretches: readonly Stretch[], attempt: Attempt): boolean {
  let any = false;
  stretches.forEach(({ limits }, i) => {
    attempt.strains[i]!.forEach((strain, frame) => {
      if (strain <= SLACK) return;
      limits[frame]! *= Math.max(0.6, 0.97 / strain);
      any = true;
    });
  });
  return any;
}

async function fitTo(one: EveryFrame, common: readonly number[], pace: Pace): Promise<FittedKeys> {
  const { outline, vertices, fitted, tried } = one;
  const keys = keysOfTrack(outline, common);
  const before = tried.get(keys.join());
  if (before) return before;
  const start = keys.map((key) => valueNear(fitted.values, key - outline.from));
  const result = await fitKeys(outline, vertices, keys, start, pace);
  tried.set(keys.join(), result);
  return result;
}

/** Those within the track, and the outer ones that it comes near enough to; at least one. */
function keysOfTrack({ from, landmarks }: OutlineTrack, common: readonly number[]): number[] {
  const to = from + landmarks.length - 1;
  const first = Math.max(
    0,
    common.findLastIndex((key) => key <= from),
  );
  const keys = common.slice(first, common.findIndex((key) => key >= to) + 1 || undefined);
  if (keys.length > 1 && !reachesAcross(from, to, keys[0]!, keys[1]!)) keys.shift();
  if (keys.length > 1 && !reachesAcross(from, to, keys.at(-2)!, keys.at(-1)!)) keys.pop();
  return keys;
}

function valueNear(values: readonly PathVector[], frame: number): PathVector {
  return values[Math.min(values.length - 1, Math.max(0, frame))]!;
}

/** Share of the tolerance by which a path may be farther off that needs one key only. */
const STILL = 0.15;

/** One key is enough for what doesn't move. */
async function holdStill(one: KeyedOutline, { tolerance }: KeyBound, pace: Pace): Promise<KeyedOutline> {
  const { outline, vertices, fitted } = one;
  if (fitted.keys.length === 1 || moves(fitted, tolerance)) return one;
  const held = await fitKeys(outline, vertices, fitted.keys.slice(0, 1), fitted.values.slice(0, 1), pace);
  const fits = held.farthest.every((farthest, i) => farthest <= fitted.farthest[i]! + STILL * tolerance);
  return fits ? { ...one, fitted: held } : one;
}

/** Whether any number of any key is far from the first key's; spares the attempt to hold what moves. */
function moves({ values }: FittedKeys, tolerance: number): boolean {
  const first = values[0]!;
  return values.some((value) => value.some((number, i) => Math.abs(number - first[i]!) > tolerance));
}
