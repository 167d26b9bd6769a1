/**
 * Where Premiere 25.6, 26.0, 26.2 and 26.3 differ, and where a constant's runtime value isn't documented.
 * Runs in the UXP script context. Nothing else in this folder asks for a version.
 */
import type { PremiereApi } from "./host-environment.ts";

/** "26.2.2" is at least [26, 2, 2]; a missing part counts as 0. */
export function isAtLeast(version: string, wanted: readonly [number, number, number]): boolean {
  const parts = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  for (const [index, least] of wanted.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** Before 26.2.2 the exporter appends the extension even where the name has it: "x.png.png". */
export function possibleStillNames(name: string, version: string): string[] {
  const doubled = `${name}${name.slice(name.lastIndexOf("."))}`;
  return isAtLeast(version, [26, 2, 2]) ? [name, doubled] : [doubled, name];
}

/**
 * Interpolation modes by name. The enumeration's order in the type declarations is no proof of its runtime
 * values; Adobe's sample comments say 0 linear, 4 hold, 5 bezier, and these are taken where the running
 * host names none.
 */
export function interpolationMode(premiere: PremiereApi, mode: "hold" | "linear" | "bezier"): number {
  const { Keyframe, Constants } = premiere;
  const named = {
    hold: Keyframe?.INTERPOLATION_MODE_HOLD ?? Constants?.InterpolationMode?.HOLD ?? 4,
    linear: Keyframe?.INTERPOLATION_MODE_LINEAR ?? Constants?.InterpolationMode?.LINEAR ?? 0,
    bezier: Keyframe?.INTERPOLATION_MODE_BEZIER ?? Constants?.InterpolationMode?.BEZIER ?? 5,
  };
  return named[mode];
}

/** Scripting came out of beta with 25.6; before it, much of what is used here is missing. */
export function unsupportedVersion(version: string): string | null {
  if (isAtLeast(version, [25, 6, 0])) return null;
  return `Premiere ${version} is older than 25.6, the first version with this kind of plugin.`;
}
