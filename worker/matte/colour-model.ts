/**
 * Runs anywhere: what colours the object and the rest have around each cell, and what a cell's own colour
 * then says about it. Computed at half the reduced grid, because it changes slowly.
 */
import { boxMean, type Plane, plane } from "./box-filter.ts";

/** Red, green, blue, 0 to 1. */
export type Colours = [Plane, Plane, Plane];

export interface ColourTuning {
  /** Reach of the models, cells. */
  radius: number;
  /** Variance that is always assumed (colours 0 to 1): noise and compression. */
  noise: number;
  /** How far apart, in spreads, two colours must be to be told apart. */
  separation: number;
}

export interface ColourAnswer {
  /** The prior, overruled by the colours where they can tell. */
  believed: Plane;
  /** How well they can, 0 to 1; 0 beside the active cells. */
  trust: Plane;
}

/** Asks for the cells in `active` what the colours around them say. */
export function askColours(
  prior: Plane,
  band: Plane,
  active: Int32Array,
  colours: Colours,
  tuning: ColourTuning,
): ColourAnswer {
  const models = colourModels(prior, colours, Math.max(1, Math.round(tuning.radius / 2)));
  const believed = { ...prior, data: prior.data.slice() };
  const trust = plane(prior.width, prior.height);
  const half = models[0].weight.width;
  for (const at of active) {
    const x = at % prior.width;
    const y = (at - x) / prior.width;
    const model = (y >> 1) * half + (x >> 1);
    const answer = judgeColour(models, model, colours, at, tuning);
    const before = prior.data[at]!;
    trust.data[at] = answer.trust;
    believed.data[at] = before + (answer.said - before) * answer.trust * band.data[at]!;
  }
  return { believed, trust };
}

interface ColourModel {
  weight: Plane;
  red: Plane;
  green: Plane;
  blue: Plane;
  /** Squared colour, summed over the channels, times weight. */
  square: Plane;
}

/** Below this share of sure cells within reach there is no model. */
const LEAST_WEIGHT = 1e-3;

const verdict = { said: 0, trust: 0 };

/** Where the colour lies on the line from the rest's mean to the object's: 0 is the rest, 1 the object. */
function judgeColour(
  [object, rest]: [ColourModel, ColourModel],
  model: number,
  colours: Colours,
  at: number,
  tuning: ColourTuning,
): { said: number; trust: number } {
  verdict.trust = 0;
  const wo = object.weight.data[model]!;
  const wr = rest.weight.data[model]!;
  if (wo < LEAST_WEIGHT || wr < LEAST_WEIGHT) return verdict;
  const [or, og, ob] = [
    object.red.data[model]! / wo,
    object.green.data[model]! / wo,
    object.blue.data[model]! / wo,
  ];
  const [rr, rg, rb] = [
    rest.red.data[model]! / wr,
    rest.green.data[model]! / wr,
    rest.blue.data[model]! / wr,
  ];
  const [dr, dg, db] = [or - rr, og - rg, ob - rb];
  const apart = dr * dr + dg * dg + db * db;
  const along =
    (colours[0].data[at]! - rr) * dr + (colours[1].data[at]! - rg) * dg + (colours[2].data[at]! - rb) * db;
  const spread =
    Math.max(0, object.square.data[model]! / wo - or * or - og * og - ob * ob) +
    Math.max(0, rest.square.data[model]! / wr - rr * rr - rg * rg - rb * rb);
  verdict.said = Math.min(1, Math.max(0, along / (apart + 1e-9)));
  verdict.trust = apart / (apart + tuning.separation * (spread + tuning.noise));
  return verdict;
}

function colourModels(prior: Plane, colours: Colours, radius: number): [ColourModel, ColourModel] {
  const width = (prior.width + 1) >> 1;
  const height = (prior.height + 1) >> 1;
  const sums = Array.from({ length: 10 }, () => plane(width, height));
  for (let y = 0, at = 0; y < prior.height; y++) {
    for (let x = 0, row = (y >> 1) * width; x < prior.width; x++, at++)
      addCell(sums, row + (x >> 1), prior.data[at]!, colours, at);
  }
  const [w, r, g, b, s, v, p, q, t, u] = sums.map((sum) => boxMean(sum, radius)) as [
    Plane,
    Plane,
    Plane,
    Plane,
    Plane,
    Plane,
    Plane,
    Plane,
    Plane,
    Plane,
  ];
  return [
    { weight: w, red: r, green: g, blue: b, square: s },
    { weight: v, red: p, green: q, blue: t, square: u },
  ];
}

/** Only sure cells count: the weight falls to 0 at a prior of one half. */
function addCell(sums: Plane[], to: number, prior: number, colours: Colours, at: number): void {
  const sure = 2 * prior - 1;
  const weight = (sure * sure) / 4;
  const first = sure > 0 ? 0 : 5;
  const r = colours[0].data[at]!;
  const g = colours[1].data[at]!;
  const b = colours[2].data[at]!;
  sums[first]!.data[to]! += weight;
  sums[first + 1]!.data[to]! += weight * r;
  sums[first + 2]!.data[to]! += weight * g;
  sums[first + 3]!.data[to]! += weight * b;
  sums[first + 4]!.data[to]! += weight * (r * r + g * g + b * b);
}
