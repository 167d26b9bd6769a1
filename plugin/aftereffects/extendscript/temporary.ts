/** Runs in ExtendScript: items that Masklet needs for a while, known by their comment, and gone afterwards. */
import { inOneUndoStep } from "./undo.ts";

const TEMPORARY = "Masklet (temporary)";

export function markTemporary(item: Item): void {
  item.comment = TEMPORARY;
}

export function isTemporary(item: Item): boolean {
  return item.comment === TEMPORARY;
}

/** Nothing of ours stays in the project. */
export function removeTemporary(): null {
  const ours: Item[] = [];
  for (let i = 1; i <= app.project.numItems; i++)
    if (isTemporary(app.project.item(i))) ours.push(app.project.item(i));
  if (ours.length === 0) return null;
  inOneUndoStep("Masklet: tidy up", () => {
    for (let i = 0; i < ours.length; i++) (ours[i] as Item).remove();
  });
  return null;
}
