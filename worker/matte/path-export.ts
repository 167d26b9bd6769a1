/** Runs anywhere: traced mask paths as files that other programs read. */
import type { Size } from "./alpha-region.ts";
import { pathAt } from "./path-at.ts";
import type { BezierPath, PathsDocument, TracedPaths } from "./path-types.ts";

/** One SVG document per frame, white on nothing; holes are cut with the even-odd rule, part by part. */
export function pathsToSvg(paths: TracedPaths, frameIndex: number, { width, height }: Size): string {
  const on = paths.tracks.flatMap((track) => {
    const path = pathAt(track, frameIndex);
    return path ? [{ mode: track.mode, data: svgPathData(path) }] : [];
  });
  const data = (mode: "add" | "subtract") =>
    on.filter((one) => one.mode === mode).map((one) => `<path d="${one.data}"/>`);
  const hide = data("subtract").join("");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    hide &&
      `<mask id="holes"><rect width="100%" height="100%" fill="#fff"/><g fill="#000">${hide}</g></mask>`,
    `<g fill="#fff"${hide && ' mask="url(#holes)"'}>${data("add").join("")}</g></svg>`,
  ].join("");
}

/** The "d" of an SVG path, a hundredth of a pixel exact. */
function svgPathData(path: BezierPath): string {
  const first = path[0];
  if (!first) return "";
  const curves = path.map((a, i) => {
    const b = path[(i + 1) % path.length]!;
    const numbers = [a.x + a.outX, a.y + a.outY, b.x + b.inX, b.y + b.inY, b.x, b.y];
    return `C${numbers.map(short).join(" ")}`;
  });
  return `M${short(first.x)} ${short(first.y)}${curves.join("")}Z`;
}

/** Two decimals at most, and no negative zero. */
function short(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}

/** Everything that is known about the paths, as JSON text. */
export function pathsToJson(paths: TracedPaths, size: Size, rate: PathsDocument["rate"]): string {
  const { width, height } = size;
  const document: PathsDocument = { format: "masklet-paths", version: 1, width, height, rate, ...paths };
  return JSON.stringify(document, (_, value) => (typeof value === "number" ? roundThousandth(value) : value));
}

function roundThousandth(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** A mask as After Effects' scripting takes it: `Shape` fields and times in seconds of the layer. */
export interface AfterEffectsMask {
  name: string;
  mode: "add" | "subtract";
  times: number[];
  shapes: {
    closed: true;
    vertices: [number, number][];
    inTangents: [number, number][];
    outTangents: [number, number][];
  }[];
  /** HOLD keys, 0 or 100: the mask is on from the first to the last frame of its track. */
  opacity: { time: number; value: 0 | 100 }[];
}

/** `secondsOf`: layer time of a frame's start. */
export function pathsToAfterEffects(
  paths: TracedPaths,
  name: string,
  secondsOf: (frameIndex: number) => number,
): AfterEffectsMask[] {
  return paths.tracks.map((track, i) => ({
    name: `${name} ${i + 1}`,
    mode: track.mode,
    times: track.keys.map(({ frameIndex }) => secondsOf(frameIndex)),
    shapes: track.keys.map(({ path }) => ({
      closed: true,
      vertices: path.map(({ x, y }) => [x, y]),
      inTangents: path.map(({ inX, inY }) => [inX, inY]),
      outTangents: path.map(({ outX, outY }) => [outX, outY]),
    })),
    opacity: opacityKeys(track.from, track.to, secondsOf),
  }));
}

function opacityKeys(from: number, to: number, secondsOf: (frameIndex: number) => number) {
  const on = [
    { time: secondsOf(from), value: 100 as const },
    { time: secondsOf(to + 1), value: 0 as const },
  ];
  return from > 0 ? [{ time: secondsOf(0), value: 0 as const }, ...on] : on;
}
