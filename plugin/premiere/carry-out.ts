/** Carries out an edit plan step by step and says what came of it; runs in the UXP script context. */
import type { EditPlan, Keyframe, MatteImport } from "../edit-plan.ts";
import type { PlanReport } from "../protocol.ts";
import { applySettings } from "./apply-settings.ts";
import { type HostEnvironment, HostError } from "./host-environment.ts";
import { importMatte, removeImported } from "./matte-import.ts";
import { matteObstacle } from "./matte-obstacle.ts";
import { removeItemsOf } from "./matte-track.ts";
import { placeMatte } from "./place-matte.ts";
import { describeClip } from "./read-selection.ts";
import { openSequence } from "./sequence.ts";
import { resolveClip } from "./track-item.ts";

/**
 * [Note: undo steps]
 *
 * What is made in one transaction can only be touched in the next one: a placed matte's opacity and an
 * appended effect's parameters exist only afterwards (`createComponent` gives an object without members, and
 * a clone carries only what an item on the timeline has already). So a plan takes a step that places and, where there
 * is something to set, one that sets it, and the report says how often to undo. When placing fails, all of it is taken back; when setting fails,
 * the placed matte is kept and the report says what to set by hand.
 */
export async function carryOut(environment: HostEnvironment, plan: EditPlan): Promise<PlanReport> {
  const { write } = plan;
  switch (write.kind) {
    case "mask-paths":
      throw new HostError(
        "not-supported",
        "Premiere has no way for a plugin to write mask paths.",
        "Write a track matte or a cut-out, or do this shot in After Effects.",
      );
    case "import-only": {
      await importMatte(environment, write.matte, plan.signature);
      return { done: [`Imported the matte into the bin "Masklet".`], notDone: [] };
    }
    case "track-matte":
      await refuseMisfit(environment, plan);
      return writeMatte(environment, plan, write.matte, write.opacity);
    case "cut-out":
      return writeMatte(environment, plan, write.picture, write.opacity);
  }
}

async function refuseMisfit(environment: HostEnvironment, plan: EditPlan): Promise<void> {
  const open = await openSequence(environment);
  const found = await resolveClip(environment, open, plan.clipId);
  const clip = await describeClip(environment, open, found);
  if (!clip.timeline) return;
  const obstacle = await matteObstacle(environment.premiere, found.item, clip, clip.timeline);
  if (!obstacle) return;
  throw new HostError(
    "refused",
    `A track matte would lie in the wrong place, because ${obstacle}.`,
    "Nest the clip (Clip > Nest) and track the nest, or write a cut-out.",
  );
}

async function writeMatte(
  environment: HostEnvironment,
  plan: EditPlan,
  matte: MatteImport,
  opacity: readonly Keyframe<number>[],
): Promise<PlanReport> {
  const item = await importMatte(environment, matte, plan.signature);
  const itemId = item.getId();
  const { placed, done, notDone } = await placeMatte(environment, plan, matte, item).catch(async (error) => {
    await takeBack(environment, itemId);
    throw error;
  });
  const source = { id: placed.track.id, name: placed.track.name };
  const wantsKey = plan.write.kind === "track-matte" && notDone.length === 0;
  const settings = await applySettings(environment, plan, { itemId, matte, opacity, source, wantsKey });
  return {
    done: [...done, ...settings.done, howToUndo(1 + settings.undoSteps)],
    notDone: [...notDone, ...settings.notDone],
  };
}

/** See [Note: undo steps]. */
function howToUndo(steps: number): string {
  const times = ["once", "twice", "three times", "four times"][steps - 1] ?? `${steps} times`;
  return `To take it off the timeline again, undo ${times} in Premiere; the imported matte stays in the bin "Masklet".`;
}

/** After a failure: nothing of this run stays on the timeline or in the bin. */
async function takeBack(environment: HostEnvironment, itemId: string): Promise<void> {
  await removeItemsOf(environment, itemId);
  await removeImported(environment, itemId);
}
