/** Runs anywhere: traced mask paths as files that other programs read. */
import { pathAt } from "./path-at.ts";
import type { BezierPath, PathsDocument, TracedPaths } from "./path-types.ts";

/** Pixels of the frame. */
type Size = Pick<PathsDocument, "width" | "height">;

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
export function svgPathData(path: BezierPath): string {
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

/**
 * A script for After Effects (File ▸ Scripts ▸ Run Script File) that puts the masks on the selected layer, in
 * one undo step. Times are counted from the layer's start. ES3, as ExtendScript is.
 */
export function afterEffectsScript(masks: readonly AfterEffectsMask[]): string {
  return `// Masklet: mask paths for the selected layer.
(function () {
  var masks = ${JSON.stringify(masks, (_, value) => (typeof value === "number" ? roundThousandth(value) : value))};
  var comp = app.project.activeItem;
  var layer = comp && comp.selectedLayers ? comp.selectedLayers[0] : null;
  if (!layer) { alert("Select the layer that the masks are for, then run the script again."); return; }
  function at(times) { var all = []; for (var i = 0; i < times.length; i++) all.push(layer.startTime + times[i]); return all; }
  app.beginUndoGroup("Masklet: mask paths");
  try {
    for (var m = 0; m < masks.length; m++) {
      var index = layer.property("ADBE Mask Parade").addProperty("ADBE Mask Atom").propertyIndex;
      var mask = layer.property("ADBE Mask Parade").property(index);
      mask.name = masks[m].name;
      mask.maskMode = masks[m].mode === "subtract" ? MaskMode.SUBTRACT : MaskMode.ADD;
      var shapes = [];
      for (var s = 0; s < masks[m].shapes.length; s++) {
        var shape = new Shape();
        shape.closed = true;
        shape.vertices = masks[m].shapes[s].vertices;
        shape.inTangents = masks[m].shapes[s].inTangents;
        shape.outTangents = masks[m].shapes[s].outTangents;
        shapes.push(shape);
      }
      mask.property("ADBE Mask Shape").setValuesAtTimes(at(masks[m].times), shapes);
      var opacity = mask.property("ADBE Mask Opacity");
      for (var k = 0; k < masks[m].opacity.length; k++)
        opacity.setValueAtTime(layer.startTime + masks[m].opacity[k].time, masks[m].opacity[k].value);
      for (var h = 1; h <= opacity.numKeys; h++)
        opacity.setInterpolationTypeAtKey(h, KeyframeInterpolationType.HOLD, KeyframeInterpolationType.HOLD);
    }
  } finally {
    app.endUndoGroup();
  }
})();
`;
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
