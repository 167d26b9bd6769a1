/** Pure: what After Effects says of the selected layer, as the panel's ClipSelection. */
import type { ClipSelection } from "../protocol.ts";
import type { LayerFacts } from "./calls.ts";
import { exactRate, timingOf } from "./layer-timing.ts";

export function selectionOf(facts: LayerFacts, mediaBytes: number | null): ClipSelection {
  return {
    clipId: `${facts.compId}:${facts.layerId}`,
    name: facts.name,
    mediaPath: facts.file,
    mediaBytes,
    width: facts.width,
    height: facts.height,
    pixelAspect: ratioOf(facts.pixelAspect),
    ...timingOf(facts),
    timeline: {
      name: facts.compName,
      rate: exactRate(facts.comp.rate),
      width: facts.comp.width,
      height: facts.comp.height,
      pixelAspect: ratioOf(facts.comp.pixelAspect),
      zeroPoint: "0",
      dropFrame: false,
    },
    notes: notesOn(facts),
  };
}

/** Pixel aspects are given with two decimals; hundredths are exact enough to show and to fit. */
function ratioOf(value: number): { numerator: number; denominator: number } {
  return value === 1
    ? { numerator: 1, denominator: 1 }
    : { numerator: Math.round(value * 100), denominator: 100 };
}

function notesOn(facts: LayerFacts): string[] {
  const notes: string[] = [];
  if (facts.fileProblem !== "")
    notes.push(`${facts.fileProblem} After Effects renders its frames for Masklet, which is slower.`);
  if (facts.remap)
    notes.push("The layer is time-remapped: pre-compose it, so that a mask can follow its own frames.");
  if (facts.still) notes.push("The layer is a still: one frame is tracked.");
  if (facts.loops > 1) notes.push(`The footage loops ${facts.loops} times; the mask covers its first pass.`);
  return notes;
}
