/** Changes to the project, each set of them one undo step; runs in the UXP script context. */
import type { Action, Project } from "@adobe/premierepro";
import { HostError, messageOf } from "./host-environment.ts";

/**
 * [Note: transactions]
 *
 * `lockedAccess` and `executeTransaction` take synchronous callbacks, and since 26.3 actions can only be
 * created inside the lock. So everything that has to be awaited comes before, and `createActions` runs in
 * the lock but before the transaction: if creating one of them fails, nothing has changed. Afterwards all
 * script objects that were read before (track items, chains, parameters) are stale and must be read again.
 *
 * Says how many steps to undo that made: none where there is nothing to do.
 */
export function transact(project: Project, label: string, createActions: () => Action[]): 0 | 1 {
  const state: { failure: unknown; done: boolean; steps: 0 | 1 } = { failure: null, done: false, steps: 0 };
  project.lockedAccess(() => {
    try {
      const actions = createActions();
      state.done = actions.length === 0 || execute(project, label, actions);
      state.steps = actions.length === 0 ? 0 : 1;
    } catch (error) {
      state.failure = error;
    }
  });
  if (state.failure instanceof HostError) throw state.failure;
  if (state.failure !== null || !state.done) throw refusal(label, state.failure);
  return state.steps;
}

function execute(project: Project, label: string, actions: Action[]): boolean {
  const refused: number[] = [];
  const done = project.executeTransaction((compound) => {
    for (const [index, action] of actions.entries()) {
      if (compound.addAction(action) === false) refused.push(index);
    }
  }, label);
  return done !== false && refused.length === 0;
}

function refusal(label: string, cause: unknown): HostError {
  const reason = cause === null ? "it said no without a reason" : messageOf(cause);
  return new HostError(
    "refused",
    `Premiere refused the step "${label}": ${reason}.`,
    "Close open dialogues, unlock the tracks above the clip, and try again.",
  );
}
