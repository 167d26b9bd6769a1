/** Effects on a track item, found by match name; runs in the UXP script context. */
import type { Component, ComponentParam, VideoClipTrackItem, VideoComponentChain } from "@adobe/premierepro";
import type { PremiereApi } from "./host-environment.ts";
import { messageOf } from "./host-environment.ts";

/** Foreign names, from saved projects of Premiere 14.4 and 26.5 and Adobe's samples. */
export const OPACITY = { matchName: "AE.ADBE Opacity", opacity: 0 } as const;
export const MOTION = { matchName: "AE.ADBE Motion" } as const;
export const TRACK_MATTE_KEY = {
  matchName: "AE.ADBE Legacy Key Track Matte",
  matte: 0,
  compositeUsing: 1,
  reverse: 2,
  /** Value of `compositeUsing`: 0 is Matte Alpha. */
  luma: 1,
} as const;

export interface FoundComponent {
  index: number;
  component: Component;
}

/** All components of a match name, in the order of the chain. */
export async function findComponents(
  chain: VideoComponentChain,
  matchName: string,
): Promise<FoundComponent[]> {
  const found: FoundComponent[] = [];
  for (let index = 0; index < chain.getComponentCount(); index++) {
    const component = chain.getComponentAtIndex(index);
    if ((await component.getMatchName()) === matchName) found.push({ index, component });
  }
  return found;
}

export async function findComponent(item: VideoClipTrackItem, matchName: string): Promise<Component | null> {
  const found = await findComponents(await item.getComponentChain(), matchName);
  return found[found.length - 1]?.component ?? null;
}

/** A parameter's value at a time; null where the host can't or won't say. */
export async function readValue(premiere: PremiereApi, param: ComponentParam): Promise<unknown> {
  try {
    return plainValue(await param.getValueAtTime(premiere.TickTime.TIME_ZERO));
  } catch {
    return startValue(param);
  }
}

async function startValue(param: ComponentParam): Promise<unknown> {
  try {
    return plainValue((await param.getStartValue()).value);
  } catch (error) {
    return { unreadable: messageOf(error) };
  }
}

/** Some versions wrap a value as { value }. */
function plainValue(value: unknown): unknown {
  if (typeof value === "object" && value !== null && "value" in value) return plainValue(value.value);
  return value;
}
