/**
 * Runs anywhere: the keys of one path, fitted to all frames at once.
 *
 * Between keys a host moves every number of a path linearly, so the outline that it draws on a frame is
 * linear in the two keys around it. Keys are therefore found by least squares over all frames, not only the
 * keyed ones: Gauss-Newton on the distance between each landmark and the drawn path, across the path. Along
 * it a landmark may slide, because a shape's outline says nothing about which of its points is which.
 */
import { solveByGradients } from "./conjugate-gradients.ts";
import { emptyRows, normalPull, pullOf, type Rows, setRow, setTie, squaresOf } from "./fit-rows.ts";
import {
  firstAnchors,
  firstPlaces,
  PIECES,
  type Places,
  samplePath,
  updateAnchors,
  updatePlaces,
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
/** All of the path's own samples together, of all landmarks: they keep it from straying where no landmark is. */
const SAMPLE_WEIGHT = 0.5;
/**
 * Weights per landmark and vertex: of a vertex's way from its landmark, so that none slides past another; of a
 * tangent's from a third of the way to the next vertex, so that no path folds back on itself.
 */
const TETHER = 0.001;
const EVEN = 0.0005;
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
    if ((await fit.improve(round === 0, pace)) < SETTLED) break;
  }
  return fit.result();
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
  /** Landmarks that vertices are tied to. */
  readonly #vertices: readonly number[];
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
    this.#vertices = vertices;
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
  async improve(first: boolean, pace: () => Promise<void>): Promise<number> {
    const reach = first ? FIRST_REACH : REACH;
    const rows: Rows[] = [];
    for (const [frame, landmarks] of this.#outline.landmarks.entries()) {
      await pace();
      rows.push(this.#rowsOf(landmarks, frame, reach));
    }
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
    const change = await solveByGradients(multiply, right, diagonal, GRADIENT_ROUNDS, pace);
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
    const rows = emptyRows(places.length + anchors.length + this.#vertices.length * 6);
    for (let i = 0; i < places.length; i++)
      setRow(rows, i, path, places[i]!, landmarks[i * 2]!, landmarks[i * 2 + 1]!, weight);
    for (let i = 0; i < anchors.length; i++) {
      const [x, y] = pointOn(landmarks, anchors[i]!);
      setRow(rows, places.length + i, path, i / PIECES, x, y, sampleWeight);
    }
    this.#addTies(rows, places.length + anchors.length, landmarks, weight);
    return rows;
  }

  /** Six rows a vertex, from row `row` on: its landmark, and both tangents of the segment after it. */
  #addTies(rows: Rows, row: number, landmarks: Samples, weight: number): void {
    const tether = weight * Math.sqrt(TETHER * this.#density);
    const even = weight * Math.sqrt(EVEN * this.#density);
    this.#vertices.forEach((landmark, vertex) => {
      const from = vertex * NUMBERS_PER_VERTEX;
      for (const axis of [0, 1]) {
        const at = row + vertex * 6 + axis * 3;
        setTie(rows, at, this.#path, from, [tether, 0, 0, 0], axis, landmarks[landmark * 2 + axis]! * tether);
        setTie(rows, at + 1, this.#path, from, [even / 3, even, 0, -even / 3], axis, 0);
        setTie(rows, at + 2, this.#path, from, [even / -3, 0, even, even / 3], axis, 0);
      }
    });
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
