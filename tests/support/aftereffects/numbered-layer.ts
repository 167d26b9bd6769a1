/** Test support, in Node: a layer whose frames say their numbers, which of them After Effects shows when, and what lies there. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { encode } from "fast-png";
import type { Fraction } from "../../../plugin/protocol.ts";
import { decodePng } from "../../../worker/frames/decode-png.ts";
import { drawPath } from "../../../worker/matte/draw-path.ts";
import type { BezierPath } from "../../../worker/matte/path-types.ts";
import { numberedMovie } from "../numbered-movie.ts";
import { NUMBERED_SIZE, numberedLevels, numberIn, numberOf } from "../numbered-picture.ts";
import { type Group, keysOf, type Layer, makeScene, masksOf, type Scene } from "./scenario.ts";

export interface Shape {
  /** Frames a second. */
  source: Fraction;
  comp: Fraction;
  /** Whole per cent, negative is reversed. */
  stretch: number;
  /** Frames of the comp: where the layer's time is 0, and between which it is seen, the last one not included. */
  start: number;
  from: number;
  to: number;
  /** Source frame on each comp frame, for a layer whose time is remapped. */
  remap: ((compFrame: number) => number) | null;
}

const FRAMES = 40;

/** Nine frames, from the layer's fifth. */
export const shapeOf = (source: Fraction, changes: Partial<Shape> = {}): Shape => ({
  source,
  comp: source,
  stretch: 100,
  start: 6,
  from: 11,
  to: 20,
  remap: null,
  ...changes,
});

const secondsOf = (frame: number, { numerator, denominator }: Fraction) => (frame * denominator) / numerator;
/** As After Effects says it. */
const rateOf = ({ numerator, denominator }: Fraction) => Math.fround(numerator / denominator);

/** `asComp`: the layer's source is a comp, so it has no file, and After Effects renders its frames. */
export async function numberedScene(shape: Shape, asComp = false): Promise<Scene> {
  const movie = await numberedMovie({ rate: shape.source, frameCount: FRAMES });
  const scene = await makeScene({ arrange: (layer) => arrange(layer, shape, movie, asComp) });
  const { project } = scene.script.app;
  project.sequence = writtenPictures(scene.folder);
  project.renderStill = (path, time) => {
    const number = Math.floor(time * (shape.source.numerator / shape.source.denominator));
    writeFileSync(path, encode({ ...NUMBERED_SIZE, data: numberedLevels(number), channels: 1 }));
  };
  return scene;
}

/** As many as there are when they are imported. */
function writtenPictures(projectFolder: string) {
  return {
    ...NUMBERED_SIZE,
    hasAlpha: false,
    get frames() {
      const paths = readdirSync(`${projectFolder}/Masklet`, { recursive: true, encoding: "utf8" });
      return paths.filter((path) => path.endsWith(".png")).length;
    },
  };
}

function arrange(layer: Layer, shape: Shape, movie: Uint8Array, asComp: boolean): void {
  const { source, comp, stretch, start, from, to, remap } = shape;
  const { containingComp } = layer;
  Object.assign(containingComp, NUMBERED_SIZE, { frameRate: rateOf(comp) });
  if (asComp) {
    const { width, height } = NUMBERED_SIZE;
    const duration = secondsOf(FRAMES, source);
    layer.source = containingComp.project.items.addComp("Inner", width, height, 1, duration, rateOf(source));
  } else fillFootage(layer, source, movie);
  Object.assign(layer, {
    stretch,
    startTime: secondsOf(start, comp),
    inPoint: secondsOf(from, comp),
    outPoint: secondsOf(to, comp),
    timeRemapEnabled: remap !== null,
  });
  if (!remap) return;
  const property = layer.property("ADBE Time Remapping") as unknown as { value: unknown };
  property.value = (time: number) => secondsOf(remap(Math.floor(time * rateOf(comp) + 1e-3)), source);
}

function fillFootage(layer: Layer, source: Fraction, movie: Uint8Array): void {
  const { mainSource } = layer.source as unknown as {
    mainSource: { nativeFrameRate: number; file: { fsName: string } };
  };
  Object.assign(layer.source!, NUMBERED_SIZE, {
    frameRate: rateOf(source),
    duration: secondsOf(FRAMES, source),
  });
  mainSource.nativeFrameRate = rateOf(source);
  writeFileSync(mainSource.file.fsName, movie);
}

/** The frame on a frame of the comp; a layer that runs back begins with what lies before its time. */
export function frameShown({ source, comp, stretch, start, remap }: Shape, compFrame: number): number {
  if (remap) return remap(compFrame);
  const passed = Math.abs(compFrame - start) * 100 * comp.denominator * source.numerator;
  const frame = comp.numerator * source.denominator * Math.abs(stretch);
  return stretch < 0 ? Math.ceil(passed / frame) - 1 : Math.floor(passed / frame);
}

/** What the picture of the layer's matte says, on a frame of the comp. */
export function numberOfMatte({ layer }: Scene, shape: Shape, compFrame: number): number {
  const matte = layer.trackMatteLayer!;
  const { mainSource } = matte.source as unknown as {
    mainSource: { conformFrameRate: number; file: { fsName: string } };
  };
  const seconds = ((secondsOf(compFrame, shape.comp) - matte.startTime) * 100) / matte.stretch;
  const folder = dirname(mainSource.file.fsName);
  const names = readdirSync(folder).sort();
  const name = names[Math.floor(seconds * mainSource.conformFrameRate + 1e-6)]!;
  return numberIn(decodePng(readFileSync(`${folder}/${name}`)));
}

/** What the layer's mask paths say, on a frame of the comp: each one adds or takes away what lies inside. */
export function numberOfPaths({ layer }: Scene, shape: Shape, compFrame: number): number {
  const time = secondsOf(compFrame, shape.comp);
  const shown = masksOf(layer)
    .filter((mask) => propertyOf(mask, "ADBE Mask Opacity").valueAtTime(time, false) !== 0)
    .map((mask) => ({ path: pathAt(mask, time), level: mask.maskMode === SUBTRACT ? 0 : 255 }));
  return numberOf((across, down) => {
    const [x, y] = [across * NUMBERED_SIZE.width, down * NUMBERED_SIZE.height];
    const inside = shown.findLast(
      ({ path }) => drawPath(path, { x, y, width: 1, height: 1 }, NUMBERED_SIZE).alpha[0]! > 0.5,
    );
    return inside?.level ?? 0;
  });
}

const SUBTRACT = 6814;

function propertyOf(mask: Group, name: string) {
  return mask.property(name) as unknown as {
    value: unknown;
    valueAtTime(time: number, beforeExpression: boolean): unknown;
  };
}

type Places = [number, number][];
type MaskShape = Record<"vertices" | "inTangents" | "outTangents", Places>;

/** Between two keys each number of the shape moves evenly; the fake's own answer has no tangents there. */
function pathAt(mask: Group, time: number): BezierPath {
  const keys = keysOf(mask, "ADBE Mask Shape") as { time: number; value: MaskShape }[];
  const at = keys.findLastIndex((key) => key.time <= time + 1e-9);
  const before = keys[Math.max(at, 0)] ?? {
    time,
    value: propertyOf(mask, "ADBE Mask Shape").value as MaskShape,
  };
  const after = keys[at + 1] ?? before;
  const share = at < 0 || after === before ? 0 : (time - before.time) / (after.time - before.time);
  const mixed = (name: keyof MaskShape, i: number) =>
    [0, 1].map((axis) => {
      const [a, b] = [before.value[name][i]![axis]!, after.value[name][i]![axis]!];
      return a + (b - a) * share;
    }) as [number, number];
  return before.value.vertices.map((_, i) => {
    const [[x, y], [inX, inY], [outX, outY]] = [
      mixed("vertices", i),
      mixed("inTangents", i),
      mixed("outTangents", i),
    ];
    return { x, y, inX, inY, outX, outY };
  });
}
