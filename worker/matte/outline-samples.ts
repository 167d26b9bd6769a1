/** Runs anywhere: closed outlines as evenly spaced samples, and which sample of one is which of the next. */

/** x, y, x, y …; closed. */
export type Samples = Float64Array;

/** `count` points at equal distances along a closed outline, from its first point on. */
export function resample(points: Float64Array, count: number): Samples {
  const n = points.length / 2;
  const step = perimeter(points) / count;
  const result = new Float64Array(count * 2);
  let [walked, written] = [0, 0];
  for (let i = 0; i < n && written < count; i++) {
    const [ax, ay] = [points[i * 2]!, points[i * 2 + 1]!];
    const j = ((i + 1) % n) * 2;
    const [dx, dy] = [points[j]! - ax, points[j + 1]! - ay];
    const length = Math.hypot(dx, dy);
    while (written < count && written * step <= walked + length) {
      const share = length === 0 ? 0 : (written * step - walked) / length;
      result[written * 2] = ax + dx * share;
      result[written * 2 + 1] = ay + dy * share;
      written++;
    }
    walked += length;
  }
  for (; written < count; written++) result.set(points.subarray(0, 2), written * 2);
  return result;
}

/** Pixels around a closed outline. */
export function perimeter(points: Float64Array): number {
  let sum = 0;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2)
    sum += Math.hypot(points[i]! - points[j]!, points[i + 1]! - points[j + 1]!);
  return sum;
}

/**
 * For every landmark the point of `outline` that continues it: cyclic dynamic time warping, so that the
 * order is kept and every part of the outline is reached. Cost: distance (apart from the common movement)
 * and difference of direction.
 */
export function followLandmarks(landmarks: Samples, outline: Samples): Samples {
  const count = landmarks.length / 2;
  const moved = withoutShift(landmarks, outline);
  const offset = bestOffset(moved, outline);
  const warp = warpFrom(moved, outline, offset);
  return pointsAt(outline, relax(warp, count));
}

/** The landmarks moved so that both centres of gravity agree. */
function withoutShift(landmarks: Samples, outline: Samples): Samples {
  const [ax, ay] = centre(landmarks);
  const [bx, by] = centre(outline);
  return landmarks.map((value, i) => value + (i % 2 === 0 ? bx - ax : by - ay));
}

function centre(points: Samples): [number, number] {
  let [x, y] = [0, 0];
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]!;
    y += points[i + 1]!;
  }
  return [(x * 2) / points.length, (y * 2) / points.length];
}

/** Rotation of the numbering under which the outlines lie closest. */
function bestOffset(a: Samples, b: Samples): number {
  const n = a.length / 2;
  const stride = Math.max(1, Math.floor(n / 48));
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let offset = 0; offset < n; offset++) {
    let sum = 0;
    for (let i = 0; i < n && sum < least; i += stride) sum += squaredGap(a, i, b, (i + offset) % n);
    if (sum < least) [best, least] = [offset, sum];
  }
  return best;
}

function squaredGap(a: Samples, i: number, b: Samples, j: number): number {
  const dx = a[i * 2]! - b[j * 2]!;
  const dy = a[i * 2 + 1]! - b[j * 2 + 1]!;
  return dx * dx + dy * dy;
}

/** Share of all samples by which the warp may run ahead or behind. */
const WARP_REACH = 0.15;
/** Squared pixels that a step costs which doesn't advance on both outlines: keeps landmarks apart. */
const STANDSTILL = 0.5;
/** Squared pixels that opposite directions cost. */
const TURN_COST = 12;

/**
 * Positions on `b` (samples, unwrapped, not falling) for each sample of `a`; `a`'s first lies at `offset`.
 * Rows are samples of `a`, columns are leads from -reach to reach.
 */
function warpFrom(a: Samples, b: Samples, offset: number): Float64Array {
  const n = a.length / 2;
  const reach = Math.max(2, Math.round(n * WARP_REACH));
  const span = 2 * reach + 1;
  const directionA = directions(a);
  const directionB = directions(b);
  const cost = new Float64Array((n + 1) * span).fill(Number.POSITIVE_INFINITY);
  const came = new Int8Array((n + 1) * span);
  const local = (i: number, lead: number) => {
    const k = i % n;
    const j = (((i + offset + lead) % n) + n) % n;
    const turn =
      1 - directionA[k * 2]! * directionB[j * 2]! - directionA[k * 2 + 1]! * directionB[j * 2 + 1]!;
    return squaredGap(a, k, b, j) + turn * (TURN_COST / 2);
  };
  // Starts where the first landmark lies closest, and must end one turn further on.
  const first = closestLead(local, reach);
  cost[first] = 0;
  for (let c = first + 1; c < span; c++) {
    came[c] = ONLY_B;
    cost[c] = cost[c - 1]! + STANDSTILL + local(0, c - reach);
  }
  for (let i = 1; i <= n; i++)
    for (let c = 0; c < span; c++) {
      const at = i * span + c;
      came[at] = cheapestStep(cost, at, c, span);
      cost[at] = cost[at - cameFrom(came[at]!, span)]! + (came[at] ? STANDSTILL : 0) + local(i, c - reach);
    }
  return backtrack(came, n, span, first, offset - reach);
}

// How a place in the table was reached: one step on both outlines, or on one of them.
const BOTH = 0;
const ONLY_A = 1;
const ONLY_B = 2;

function cheapestStep(cost: Float64Array, at: number, c: number, span: number): number {
  const both = cost[at - span]!;
  const onlyA = c + 1 < span ? cost[at - span + 1]! + STANDSTILL : Number.POSITIVE_INFINITY;
  const onlyB = c > 0 ? cost[at - 1]! + STANDSTILL : Number.POSITIVE_INFINITY;
  if (both <= onlyA && both <= onlyB) return BOTH;
  return onlyA <= onlyB ? ONLY_A : ONLY_B;
}

/** Places back in the table. */
function cameFrom(step: number, span: number): number {
  if (step === ONLY_B) return 1;
  return step === ONLY_A ? span - 1 : span;
}

function closestLead(local: (i: number, lead: number) => number, reach: number): number {
  let [best, least] = [reach, local(0, 0)];
  const near = Math.max(1, reach >> 1);
  for (let lead = -near; lead <= near; lead++) {
    const here = local(0, lead) + Math.abs(lead) * 1e-6;
    if (here < least) [best, least] = [lead + reach, here];
  }
  return best;
}

/** Mean position on the other outline for each sample, along the cheapest way. */
function backtrack(came: Int8Array, n: number, span: number, last: number, shift: number): Float64Array {
  const sums = new Float64Array(n + 1);
  const counts = new Float64Array(n + 1);
  let [i, c] = [n, last];
  for (;;) {
    sums[i]! += i + c + shift;
    counts[i]! += 1;
    if (i === 0 && c <= last) break;
    const step = came[i * span + c]!;
    if (step === ONLY_B) c--;
    else {
      i--;
      if (step === ONLY_A) c++;
    }
  }
  return sums.subarray(0, n).map((sum, k) => sum / counts[k]!);
}

/** Evens out the landmarks' spacing a little, so that they never bunch up over many frames. */
function relax(warp: Float64Array, n: number): Float64Array {
  let positions = warp;
  for (let round = 0; round < 4; round++)
    positions = positions.map((here, i) => {
      const before = i === 0 ? positions[n - 1]! - n : positions[i - 1]!;
      const after = i === n - 1 ? positions[0]! + n : positions[i + 1]!;
      return here + ((before + after) / 2 - here) * 0.4;
    });
  return positions;
}

function pointsAt(outline: Samples, positions: Float64Array): Samples {
  const n = outline.length / 2;
  const result = new Float64Array(outline.length);
  for (let i = 0; i < n; i++) result.set(pointOn(outline, ((positions[i]! % n) + n) % n), i * 2);
  return result;
}

/** The point at a place along a closed outline, in samples. */
export function pointOn(outline: Samples, place: number): [number, number] {
  const from = (Math.floor(place) * 2) % outline.length;
  const to = (from + 2) % outline.length;
  const share = place - Math.floor(place);
  return [
    outline[from]! + (outline[to]! - outline[from]!) * share,
    outline[from + 1]! + (outline[to + 1]! - outline[from + 1]!) * share,
  ];
}

/** Unit vector from the sample before to the one after. */
function directions(points: Samples): Float64Array {
  const n = points.length / 2;
  const result = new Float64Array(points.length);
  for (let i = 0; i < n; i++) {
    const before = ((i + n - 2) % n) * 2;
    const after = ((i + 2) % n) * 2;
    const dx = points[after]! - points[before]!;
    const dy = points[after + 1]! - points[before + 1]!;
    const length = Math.hypot(dx, dy) || 1;
    result[i * 2] = dx / length;
    result[i * 2 + 1] = dy / length;
  }
  return result;
}
