/** Whether a Track Matte Key can fit a clip exactly; runs in the UXP script context. */
import type { ComponentParam, VideoClipTrackItem } from "@adobe/premierepro";
import type { Fraction, TimelineFacts } from "../protocol.ts";
import { findComponent, MOTION, readValue } from "./components.ts";
import type { PremiereApi } from "./host-environment.ts";

/**
 * [Note: matte geometry]
 *
 * Track Matte Key lays the matte track's output over the clip's own picture, before the clip's Motion. The
 * two agree when the clip fills the sequence's frame unchanged. In every other case a matte would be in the
 * wrong place, so it isn't written: the person is told why, and what to do instead.
 */
export interface PictureSize {
  /** Pixels of the file; null when the host doesn't say. */
  width: number | null;
  height: number | null;
  pixelAspect: Fraction;
}

/** Why a track matte would not fit, in words; null when nothing speaks against it. */
export async function matteObstacle(
  premiere: PremiereApi,
  item: VideoClipTrackItem,
  picture: PictureSize,
  timeline: TimelineFacts,
): Promise<string | null> {
  return sizeObstacle(picture, timeline) ?? (await motionObstacle(premiere, item, timeline));
}

function sizeObstacle(picture: PictureSize, timeline: TimelineFacts): string | null {
  const { width, height } = picture;
  if (width !== null && height !== null && (width !== timeline.width || height !== timeline.height)) {
    return `the clip is ${width} x ${height} and the sequence ${timeline.width} x ${timeline.height}`;
  }
  const [clip, sequence] = [ratioOf(picture.pixelAspect), ratioOf(timeline.pixelAspect)];
  if (Math.abs(clip - sequence) > 0.001) {
    return `the clip's pixels have the shape ${clip.toFixed(4)} and the sequence's ${sequence.toFixed(4)}`;
  }
  return null;
}

const ratioOf = ({ numerator, denominator }: Fraction) => numerator / denominator;

/** Parameters of the intrinsic Motion effect by index; their names are translated. */
const MOTION_DEFAULTS = [
  { index: 0, name: "Position", isDefault: isCentre },
  { index: 1, name: "Scale", isDefault: (value: unknown) => value === 100 },
  { index: 4, name: "Rotation", isDefault: (value: unknown) => value === 0 },
] as const;

async function motionObstacle(
  premiere: PremiereApi,
  item: VideoClipTrackItem,
  timeline: TimelineFacts,
): Promise<string | null> {
  const motion = await findComponent(item, MOTION.matchName);
  if (!motion) return null;
  const count = motion.getParamCount();
  for (const { index, name, isDefault } of MOTION_DEFAULTS) {
    if (index >= count) continue;
    const param = motion.getParam(index);
    if (isKeyed(param)) return `the clip's ${name} has keyframes`;
    const value = await readValue(premiere, param);
    if (isKnown(value) && !isDefault(value, timeline)) return `the clip's ${name} was changed`;
  }
  return null;
}

function isKeyed(param: ComponentParam): boolean {
  return param.isTimeVarying() === true;
}

/** What can't be read can't be held against the clip. */
function isKnown(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === "object" && "unreadable" in value);
}

/** Positions are fractions of the frame or pixels, depending on the version. */
function isCentre(value: unknown, { width, height }: TimelineFacts): boolean {
  if (typeof value !== "object" || value === null || !("x" in value) || !("y" in value)) return true;
  const { x, y } = value as { x: number; y: number };
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-3;
  return (near(x, 0.5) && near(y, 0.5)) || (near(x, width / 2) && near(y, height / 2));
}
