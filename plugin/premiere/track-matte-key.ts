/** The effect that lets one track be the matte of a clip; runs in the UXP script context. */
import type {
  Action,
  Component,
  VideoClipTrackItem,
  VideoComponentChain,
  VideoFilterComponent,
} from "@adobe/premierepro";
import type { PlanReport } from "../protocol.ts";
import { findComponent, readValue, TRACK_MATTE_KEY } from "./components.ts";
import { type HostEnvironment, HostError, messageOf, type PremiereApi } from "./host-environment.ts";

type NotDone = PlanReport["notDone"][number];

/** The track that is to be the matte. `id` lasts; `name` is what the person sees. */
export interface MatteSource {
  id: number;
  name: string;
}

/** The track that the clip's last Track Matte Key uses; null without one, or where the host won't say. */
export async function keyedTrackId(
  { premiere }: HostEnvironment,
  item: VideoClipTrackItem,
): Promise<number | null> {
  const effect = await findComponent(item, TRACK_MATTE_KEY.matchName);
  const track = effect ? await readValue(premiere, effect.getParam(TRACK_MATTE_KEY.matte)) : null;
  return typeof track === "number" ? track : null;
}

/** Appends the effect. Awaited before the lock; what it returns is to be called inside. */
export async function appendKeyEffect(
  { premiere }: HostEnvironment,
  item: VideoClipTrackItem,
): Promise<() => Action> {
  const chain: VideoComponentChain = await item.getComponentChain();
  const effect = await createEffect(premiere);
  return () => chain.createAppendComponentAction(effect);
}

async function createEffect(premiere: PremiereApi): Promise<VideoFilterComponent> {
  try {
    return await premiere.VideoFilterFactory.createComponent(TRACK_MATTE_KEY.matchName);
  } catch (error) {
    throw new HostError(
      "refused",
      `there is no Track Matte Key effect: ${messageOf(error)}`,
      "Write a cut-out.",
    );
  }
}

/** Takes the clip's last effect of this kind away. Awaited before the lock; to be called inside. */
export async function removeKeyEffect(item: VideoClipTrackItem): Promise<() => Action[]> {
  const chain = await item.getComponentChain();
  const effect = await findComponent(item, TRACK_MATTE_KEY.matchName);
  return () => (effect ? [chain.createRemoveComponentAction(effect)] : []);
}

/**
 * Points the clip's effect at a track: its luma, not reversed. To be created inside the lock.
 *
 * That the Matte parameter takes a track's id is inferred from saved projects; `checkKeyEffect` reads it
 * back afterwards.
 */
export function keyEffectActions(effect: Component, source: MatteSource): Action[] {
  const { matte, compositeUsing, luma, reverse } = TRACK_MATTE_KEY;
  const wanted = [
    [matte, source.id],
    [compositeUsing, luma],
    [reverse, false],
  ] as const;
  return wanted.map(([index, value]) => {
    const param = effect.getParam(index);
    return param.createSetValueAction(param.createKeyframe(value), true);
  });
}

/** What differs between the effect as it is and as it should be; null when all is well. */
export async function checkKeyEffect(
  { premiere }: HostEnvironment,
  item: VideoClipTrackItem,
  source: MatteSource,
): Promise<NotDone | null> {
  try {
    const effect = await findComponent(item, TRACK_MATTE_KEY.matchName);
    if (!effect) return notSet(source, "the clip has no Track Matte Key");
    const { matte, compositeUsing, luma } = TRACK_MATTE_KEY;
    const track = await readValue(premiere, effect.getParam(matte));
    if (track !== source.id)
      return notSet(source, `its Matte reads ${JSON.stringify(track)} instead of track ${source.id}`);
    const using = await readValue(premiere, effect.getParam(compositeUsing));
    return using === luma ? null : notSet(source, `its Composite Using reads ${JSON.stringify(using)}`);
  } catch (error) {
    return notSet(source, messageOf(error));
  }
}

export function notSet(source: MatteSource, why: string): NotDone {
  return {
    what: "Track Matte Key",
    why: `Premiere didn't take the setting: ${why}.`,
    remedy:
      `Select the clip, open Effect Controls and, under Track Matte Key (add it from Effects > Video Effects > Keying ` +
      `if it is missing), set Matte to "${source.name}" and Composite Using to "Matte Luma". Or write a cut-out instead.`,
  };
}
