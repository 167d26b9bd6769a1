/**
 * Runs anywhere: the keys of one path, fitted to all frames at once.
 *
 * Between keys a host moves every number of a path linearly, so the outline that it draws on a frame is
 * linear in the two keys around it. Keys are therefore found by least squares over all frames, not only the
 * keyed ones: Gauss-Newton on the distance between each landmark and the drawn path, across the path. Along
 * it a landmark may slide, because a shape's outline says nothing about which of its points is which.
 */
import { solveByGradients } from "./conjugate-gradients.ts";
import {
  basisAt,
  firstAnchors,
  firstPlaces,
  PIECES,
  type Places,
  samplePath,
  slopeAt,
  updateAnchors,
  updatePlaces,
  valueAt,
} from "./outline-places.ts";
import { pointOn, type Samples } from "./outline-samples.ts";
import type { OutlineTrack } from "./outline-tracks.ts";
import { type KeyPlace, mixKeys, NUMBERS_PER_VERTEX, type PathVector, placeOf } from "./path-vector.ts";

/** One path with its keys, and how far it is from the outline on every frame of the track. */
export interface FittedKeys {
  /** Frame numbers, ascending. */
  keys: readonly number[];
  values: PathVector[];
  /** Pixels between path and outline where they are farthest apart, one per frame. */
  farthest: Float64Array;
}

const ROUNDS = 8;
const GRADIENT_ROUNDS = 25;
/** Pixels; a round that moves nothing by more was the last one. */
const SETTLED = 0.02;
/** Pixels; nearer than this, noise decides on the direction. */
const CLEAR = 0.5;
/** All of the path's own samples together, of all landmarks: they keep it from straying where no landmark is. */
const SAMPLE_WEIGHT = 0.5;
/** Weights per landmark and vertex: of a key that bends the movement, of a kink in a smooth vertex, of any change. */
const BEND = 0.001;
const KINK = 0.03;
const CHANGE = 1e-3;
/** Tangents that differ by more make a corner, which stays one. */
const CORNER_COSINE = Math.cos((35 * Math.PI) / 180);
/** Segments by which what belongs together may change: freely at first, little once it is right. */
const FIRST_REACH = 1;
const REACH = 0.6;

/** `start`: values of the keys to begin with, in the order of `keys`. */
export async function fitKeys(
  outline: OutlineTrack,
  vertices: readonly number[],
  keys: readonly number[],
  start: readonly PathVector[],
  pace: () => Promise<void>,
): Promise<FittedKeys> {
  const fit = new KeyFit(outline, vertices, keys, start);
  for (let round = 0; round < ROUNDS; round++) {
    await pace();
    if (fit.improve(round === 0) < SETTLED) break;
  }
  return fit.result();
}

/** What landmarks and samples of a frame ask of its path: `factors` times eight of its numbers is to be `across`. */
interface Rows {
  /** First number of the segment's first and second vertex. */
  from: Int32Array;
  to: Int32Array;
  /** Eight a row: first vertex x and y, its out tangent, the second one's in tangent, the second vertex. */
  factors: Float64Array;
  /** Pixels from the path, across it, times the root of the row's weight. */
  across: Float64Array;
}

/** Asks that the two tangents of a smooth vertex stay on one line: their turns cancel. */
interface Kink {
  at: number;
  inX: number;
  inY: number;
  outX: number;
  outY: number;
}

class KeyFit {
  readonly #outline: OutlineTrack;
  readonly #keys: readonly number[];
  readonly #width: number;
  /** The keys' numbers in a row. */
  readonly #values: Float64Array;
  readonly #places: Places[];
  readonly #anchors: Float64Array[];
  readonly #keyPlaces: KeyPlace[];
  /** Of a frame: a pixel counts for more where the object is small. */
  readonly #weights: number[];
  /** Landmarks per vertex, the unit of the other weights. */
  readonly #density: number;
  readonly #path: PathVector;
  readonly #pull: PathVector;

  constructor(
    outline: OutlineTrack,
    vertices: readonly number[],
    keys: readonly number[],
    start: readonly PathVector[],
  ) {
    const landmarks = outline.landmarks[0]!.length / 2;
    this.#outline = outline;
    this.#keys = keys;
    this.#width = vertices.length * NUMBERS_PER_VERTEX;
    this.#values = new Float64Array(keys.length * this.#width);
    for (const [key, values] of start.entries()) this.#values.set(values, key * this.#width);
    this.#places = outline.landmarks.map(() => firstPlaces(vertices, landmarks));
    this.#anchors = outline.landmarks.map(() => firstAnchors(vertices, landmarks));
    this.#keyPlaces = outline.landmarks.map((_, frame) => placeOf(keys, outline.from + frame));
    const area = outline.objectArea.reduce((sum, one) => sum + one, 0) / outline.objectArea.length;
    this.#weights = outline.objectArea.map((one) => area / Math.max(1, one));
    this.#density = landmarks / vertices.length;
    this.#path = new Float64Array(this.#width);
    this.#pull = new Float64Array(this.#width);
  }

  /** One Gauss-Newton step; returns the largest change in pixels. */
  improve(first: boolean): number {
    const reach = first ? FIRST_REACH : REACH;
    const rows = this.#outline.landmarks.map((landmarks, frame) => this.#rowsOf(landmarks, frame, reach));
    const kinks = this.#kinks();
    const right = new Float64Array(this.#values.length);
    const diagonal = new Float64Array(this.#values.length).fill((CHANGE + BEND) * this.#density);
    rows.forEach((one, frame) => {
      this.#spread(right, frame, pullOf(one, this.#pull), 1);
      this.#spread(diagonal, frame, squaresOf(one, this.#pull), 2);
    });
    this.#addBends(right, this.#values, -1);
    addKinks(right, this.#values, kinks, -1);
    const multiply = (vector: Float64Array, product: Float64Array) =>
      this.#multiply(vector, product, rows, kinks);
    const change = solveByGradients(multiply, right, diagonal, GRADIENT_ROUNDS);
    let largest = 0;
    for (let i = 0; i < change.length; i++) {
      this.#values[i]! += change[i]!;
      largest = Math.max(largest, Math.abs(change[i]!));
    }
    return largest;
  }

  /** Linearises around the present keys: landmarks first, then samples. */
  #rowsOf(landmarks: Samples, frame: number, reach: number): Rows {
    const [places, anchors, path] = [this.#places[frame]!, this.#anchors[frame]!, this.#path];
    mixKeys(this.#values, this.#keyPlaces[frame]!, path);
    const samples = samplePath(path);
    updatePlaces(samples, landmarks, places, reach);
    updateAnchors(samples, landmarks, anchors, reach);
    const weight = Math.sqrt(this.#weights[frame]!);
    const sampleWeight = weight * Math.sqrt((SAMPLE_WEIGHT * places.length) / anchors.length);
    const rows = emptyRows(places.length + anchors.length);
    for (let i = 0; i < places.length; i++)
      setRow(rows, i, path, places[i]!, landmarks[i * 2]!, landmarks[i * 2 + 1]!, weight);
    for (let i = 0; i < anchors.length; i++) {
      const [x, y] = pointOn(landmarks, anchors[i]!);
      setRow(rows, places.length + i, path, i / PIECES, x, y, sampleWeight);
    }
    return rows;
  }

  /** Onto both keys around the frame, by their `power`th share. */
  #spread(target: Float64Array, frame: number, pull: PathVector, power: 1 | 2): void {
    const { key, share } = this.#keyPlaces[frame]!;
    const from = key * this.#width;
    const [before, after] = [(1 - share) ** power, share ** power];
    for (let i = 0; i < this.#width; i++) target[from + i]! += before * pull[i]!;
    if (share === 0) return;
    for (let i = 0; i < this.#width; i++) target[from + this.#width + i]! += after * pull[i]!;
  }

  /** The normal equations' matrix times a vector. */
  #multiply(
    vector: Float64Array,
    product: Float64Array,
    rows: readonly Rows[],
    kinks: readonly Kink[],
  ): void {
    const change = CHANGE * this.#density;
    for (let i = 0; i < vector.length; i++) product[i] = change * vector[i]!;
    rows.forEach((one, frame) => {
      mixKeys(vector, this.#keyPlaces[frame]!, this.#path);
      this.#spread(product, frame, normalPull(one, this.#path, this.#pull), 1);
    });
    this.#addBends(product, vector, 1);
    addKinks(product, vector, kinks, 1);
  }

  /** Differences of speed before and after each inner key: what no frame decides goes on evenly. */
  #addBends(target: Float64Array, vector: Float64Array, sign: 1 | -1): void {
    const weight = sign * BEND * this.#density;
    const width = this.#width;
    for (let key = 1; key + 1 < this.#keys.length; key++) {
      const before = 1 / (this.#keys[key]! - this.#keys[key - 1]!);
      const after = 1 / (this.#keys[key + 1]! - this.#keys[key]!);
      for (let i = key * width; i < (key + 1) * width; i++) {
        const bend = before * vector[i - width]! - (before + after) * vector[i]! + after * vector[i + width]!;
        target[i - width]! += weight * before * bend;
        target[i]! -= weight * (before + after) * bend;
        target[i + width]! += weight * after * bend;
      }
    }
  }

  #kinks(): Kink[] {
    const kinks: Kink[] = [];
    const weight = Math.sqrt(KINK * this.#density);
    for (let at = 0; at < this.#values.length; at += NUMBERS_PER_VERTEX) {
      const kink = kinkOf(this.#values, at, weight);
      if (kink) kinks.push(kink);
    }
    return kinks;
  }

  result(): FittedKeys {
    const width = this.#width;
    const farthest = this.#outline.landmarks.map((landmarks, frame) => {
      mixKeys(this.#values, this.#keyPlaces[frame]!, this.#path);
      const samples = samplePath(this.#path);
      const places = this.#places[frame]!;
      updatePlaces(samples, landmarks, places, REACH);
      const anchors = this.#anchors[frame]!;
      updateAnchors(samples, landmarks, anchors, REACH);
      return Math.max(
        farthestOf(landmarks, samples, places, PIECES),
        farthestOf(samples, landmarks, anchors, 1),
      );
    });
    return {
      keys: this.#keys,
      values: this.#keys.map((_, key) => this.#values.slice(key * width, (key + 1) * width)),
      farthest: Float64Array.from(farthest),
    };
  }
}

function emptyRows(count: number): Rows {
  return {
    from: new Int32Array(count),
    to: new Int32Array(count),
    factors: new Float64Array(count * 8),
    across: new Float64Array(count),
  };
}

/**
 * The point of the path at `place` is to move towards x, y: straight there, which is across the path but for
 * its corners; across it where that is too near to have a direction.
 */
function setRow(
  rows: Rows,
  row: number,
  path: PathVector,
  place: number,
  x: number,
  y: number,
  weight: number,
): void {
  const segment = Math.floor(place);
  const basis = basisAt(place - segment);
  const dx = x - valueAt(path, segment, basis, 0);
  const dy = y - valueAt(path, segment, basis, 1);
  const distance = Math.hypot(dx, dy);
  let nx = dx;
  let ny = dy;
  if (distance < CLEAR) {
    const slope = slopeAt(place - segment);
    nx = -valueAt(path, segment, slope, 1);
    ny = valueAt(path, segment, slope, 0);
  }
  const scale = weight / (Math.hypot(nx, ny) || 1);
  nx *= scale;
  ny *= scale;
  rows.from[row] = segment * NUMBERS_PER_VERTEX;
  rows.to[row] = ((segment + 1) * NUMBERS_PER_VERTEX) % path.length;
  for (let i = 0; i < 4; i++) {
    rows.factors[row * 8 + i * 2] = basis[i]! * nx;
    rows.factors[row * 8 + i * 2 + 1] = basis[i]! * ny;
  }
  rows.across[row] = nx * dx + ny * dy;
}

/** How the rows pull at the numbers of their frame's path; returns `pull`. */
function pullOf({ from, to, factors, across }: Rows, pull: PathVector): PathVector {
  pull.fill(0);
  for (let row = 0; row < across.length; row++)
    addPull(pull, factors, row * 8, from[row]!, to[row]!, across[row]!);
  return pull;
}

function addPull(
  pull: PathVector,
  factors: Float64Array,
  at: number,
  from: number,
  to: number,
  across: number,
): void {
  pull[from]! += factors[at]! * across;
  pull[from + 1]! += factors[at + 1]! * across;
  pull[from + 4]! += factors[at + 2]! * across;
  pull[from + 5]! += factors[at + 3]! * across;
  pull[to + 2]! += factors[at + 4]! * across;
  pull[to + 3]! += factors[at + 5]! * across;
  pull[to]! += factors[at + 6]! * across;
  pull[to + 1]! += factors[at + 7]! * across;
}

/** The same for how far the rows' places move when the path changes by `path`. */
function normalPull({ from, to, factors, across }: Rows, path: PathVector, pull: PathVector): PathVector {
  pull.fill(0);
  for (let row = 0, at = 0; row < across.length; row++, at += 8) {
    const a = from[row]!;
    const b = to[row]!;
    const moved =
      factors[at]! * path[a]! +
      factors[at + 1]! * path[a + 1]! +
      factors[at + 2]! * path[a + 4]! +
      factors[at + 3]! * path[a + 5]! +
      factors[at + 4]! * path[b + 2]! +
      factors[at + 5]! * path[b + 3]! +
      factors[at + 6]! * path[b]! +
      factors[at + 7]! * path[b + 1]!;
    addPull(pull, factors, at, a, b, moved);
  }
  return pull;
}

/** The diagonal of the frame's own normal equations. */
function squaresOf({ from, to, factors }: Rows, pull: PathVector): PathVector {
  pull.fill(0);
  const squares = factors.map((factor) => factor * factor);
  for (let row = 0; row < from.length; row++) addPull(pull, squares, row * 8, from[row]!, to[row]!, 1);
  return pull;
}

/** Null for a corner, and where a tangent is too short to have a direction. */
function kinkOf(values: Float64Array, at: number, weight: number): Kink | null {
  const [inX, inY, outX, outY] = [values[at + 2]!, values[at + 3]!, values[at + 4]!, values[at + 5]!];
  const [lengthIn, lengthOut] = [Math.hypot(inX, inY), Math.hypot(outX, outY)];
  if (Math.min(lengthIn, lengthOut) < 0.3) return null;
  if (-(inX * outX + inY * outY) / (lengthIn * lengthOut) < CORNER_COSINE) return null;
  const [dx, dy] = [outX / lengthOut - inX / lengthIn, outY / lengthOut - inY / lengthIn];
  const scale = (weight * Math.min(lengthIn, lengthOut)) / Math.hypot(dx, dy);
  return {
    at,
    inX: (-dy * scale) / lengthIn,
    inY: (dx * scale) / lengthIn,
    outX: (-dy * scale) / lengthOut,
    outY: (dx * scale) / lengthOut,
  };
}

function addKinks(target: Float64Array, vector: Float64Array, kinks: readonly Kink[], sign: 1 | -1): void {
  for (const { at, inX, inY, outX, outY } of kinks) {
    const turn =
      inX * vector[at + 2]! + inY * vector[at + 3]! + outX * vector[at + 4]! + outY * vector[at + 5]!;
    target[at + 2]! += sign * inX * turn;
    target[at + 3]! += sign * inY * turn;
    target[at + 4]! += sign * outX * turn;
    target[at + 5]! += sign * outY * turn;
  }
}

/** Pixels from any point to its place on a line, which is counted in `pieces` to one of the line's points. */
function farthestOf(points: Samples, line: Samples, places: Float64Array, pieces: number): number {
  let farthest = 0;
  for (let i = 0; i < places.length; i++) {
    const [x, y] = pointOn(line, places[i]! * pieces);
    farthest = Math.max(farthest, Math.hypot(points[i * 2]! - x, points[i * 2 + 1]! - y));
  }
  return farthest;
}
