/** The open project and its active sequence; runs in the UXP script context. */
import type { Project, Sequence, TickTime } from "@adobe/premierepro";
import type { Fraction, TimelineFacts } from "../protocol.ts";
import { parseTicks, rateFromTicksPerFrame, supportsDropFrame } from "../timecode.ts";
import { type HostEnvironment, HostError, type PremiereApi } from "./host-environment.ts";

export interface OpenSequence {
  project: Project;
  sequence: Sequence;
}

/** Read anew before and after every transaction: script objects don't outlive one. */
export async function openSequence({ premiere }: HostEnvironment): Promise<OpenSequence> {
  const project = await premiere.Project.getActiveProject();
  if (!project)
    throw new HostError("no-selection", "No project is open.", "Open a project and a sequence in it.");
  const sequence = await project.getActiveSequence();
  if (!sequence) {
    throw new HostError("no-selection", "No sequence is open.", "Open a sequence by double-clicking it.");
  }
  return { project, sequence };
}

export function ticksOf(time: TickTime): bigint {
  return parseTicks(time.ticks);
}

export function tickTime(premiere: PremiereApi, ticks: bigint): TickTime {
  return premiere.TickTime.createWithTicks(ticks.toString());
}

export async function timelineFacts(premiere: PremiereApi, sequence: Sequence): Promise<TimelineFacts> {
  const [size, timebase, zeroPoint, settings] = await Promise.all([
    sequence.getFrameSize(),
    sequence.getTimebase(),
    sequence.getZeroPoint(),
    sequence.getSettings(),
  ]);
  const rate = rateFromTicksPerFrame(parseTicks(timebase));
  const display = await settings.getVideoDisplayFormat();
  return {
    name: sequence.name,
    rate,
    width: Math.round(size.width),
    height: Math.round(size.height),
    pixelAspect: pixelAspectOf(premiere, await settings.getVideoPixelAspectRatio()),
    zeroPoint: zeroPoint.ticks,
    dropFrame:
      supportsDropFrame(rate) && display.type === premiere.SequenceSettings.VIDEO_DISPLAY_FORMAT_2997,
  };
}

/** Premiere names pixel aspects; the exact ratios are those of its own list (0.9091, 1.2121, 1.0940, …). */
const NAMED_ASPECTS = [
  ["PAR_SQUARE", 1, 1],
  ["PAR_DVNTSC", 10, 11],
  ["PAR_DVNTSCWide", 40, 33],
  ["PAR_DVPAL", 128, 117],
  ["PAR_DVPALWide", 512, 351],
  ["PAR_Anamorphic", 2, 1],
  ["PAR_HDAnamorphic1080", 4, 3],
  ["PAR_DVCProHD", 3, 2],
] as const;

function pixelAspectOf(premiere: PremiereApi, name: string): Fraction {
  const known = NAMED_ASPECTS.find(([key]) => premiere.SequenceSettings[key] === name);
  return known ? { numerator: known[1], denominator: known[2] } : { numerator: 1, denominator: 1 };
}

/** The exact ratio behind a rounded number like 1.0940, to the named list's own precision. */
export function pixelAspectFromNumber(aspect: number): Fraction {
  const near = NAMED_ASPECTS.find(([, over, under]) => Math.abs(over / under - aspect) < 0.001);
  if (near) return { numerator: near[1], denominator: near[2] };
  return { numerator: Math.max(1, Math.round(aspect * 10_000)) || 10_000, denominator: 10_000 };
}
