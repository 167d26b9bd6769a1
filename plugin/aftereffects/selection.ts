/** Pure: what After Effects says of the selected layer, as the panel's ClipSelection. */
import type { ClipSelection, Fraction } from "../protocol.ts";
import { formatTicks, frameToTicks, nearestFrame, rateFromNumber, secondsToTicks } from "../timecode.ts";
import type { LayerFacts } from "./calls.ts";
import { timingOf } from "./layer-timing.ts";

/** `mediaBytes`: null where the layer's frames don't come from one file. The others: see `timingOf`. */
export function selectionOf(
  facts: LayerFacts,
  remap: readonly number[] | null,
  mediaBytes: number | null,
  reversedShowsFrameBefore = true,
): ClipSelection {
  const rate = rateFromNumber(facts.comp.rate);
  const zeroPoint = frameToTicks(nearestFrame(secondsToTicks(facts.comp.startTime), rate), rate);
  return {
    clipId: `${facts.compId}:${facts.layerId}`,
    name: facts.name,
    mediaPath: mediaBytes === null ? null : facts.file,
    mediaBytes,
    width: facts.width,
    height: facts.height,
    pixelAspect: aspectOf(facts.pixelAspect),
    ...timingOf(facts, remap, reversedShowsFrameBefore),
    timeline: {
      name: facts.compName,
      rate,
      width: facts.comp.width,
      height: facts.comp.height,
      pixelAspect: aspectOf(facts.comp.pixelAspect),
      zeroPoint: formatTicks(zeroPoint),
      dropFrame: facts.comp.dropFrame,
    },
    notes: notesOn(facts),
  };
}

/** Shapes of pixels that After Effects has names for, which it gives with a few decimals. */
const ASPECTS: readonly Fraction[] = [
  { numerator: 1, denominator: 1 },
  { numerator: 10, denominator: 11 }, // D1/DV NTSC
  { numerator: 40, denominator: 33 }, // D1/DV NTSC widescreen
  { numerator: 12, denominator: 11 }, // D1/DV PAL
  { numerator: 16, denominator: 11 }, // D1/DV PAL widescreen
  { numerator: 4, denominator: 3 }, // HDV 1080, DVCPRO HD 720
  { numerator: 3, denominator: 2 }, // DVCPRO HD 1080
  { numerator: 2, denominator: 1 }, // anamorphic 2:1
];
/** Between the nearest two of them lie 0.1. */
const ASPECT_ROUNDING = 0.006;

function aspectOf(value: number): Fraction {
  const named = ASPECTS.find(
    ({ numerator, denominator }) => Math.abs(numerator / denominator - value) < ASPECT_ROUNDING,
  );
  return named ?? { numerator: Math.round(value * 1000), denominator: 1000 };
}

function notesOn(facts: LayerFacts): string[] {
  const notes: string[] = [];
  if (facts.fileProblem !== "")
    notes.push(`${facts.fileProblem} After Effects renders its frames for Masklet, which is slower.`);
  if (facts.still) notes.push("The layer is a still: one picture is tracked.");
  if (facts.alpha === "straight" || facts.alpha === "premultiplied")
    notes.push(
      `The footage has ${facts.alpha} alpha, and Masklet sees its colours without it. Mask path and track matte leave that alpha as it is; a cut-out has none but its own.`,
    );
  if (facts.frameBlending && (facts.remapped || facts.stretch !== 100))
    notes.push("The layer blends frames; the mask follows the nearer one.");
  return notes;
}
