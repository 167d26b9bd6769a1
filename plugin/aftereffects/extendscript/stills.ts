/** Runs in ExtendScript: frames of one layer's source, rendered by the host where its file can't be read. */
import type { SaveStill } from "../calls.ts";
import { findLayer } from "./layers.ts";
import { HostRefusal } from "./refusal.ts";
import { inOneUndoStep } from "./undo.ts";

/** In the comp's name for the person, in its comment for us. */
const TEMPORARY_COMP = "Masklet frames (temporary)";
const STEP = "Masklet: frames";

/**
 * Asks for one frame as PNG. The call returns before the file is whole: the page waits until it parses
 * to its end. The comp holds the source alone at its own size, so no effect or transform is baked in.
 */
export function saveStill(argument: SaveStill): { file: string } {
  const source = findLayer(argument.layer).source as AVItem;
  const comp = ownComp(source) || inOneUndoStep(STEP, () => temporaryComp(source));
  if (!comp.saveFrameToPng) {
    throw new HostRefusal(
      "refused",
      "This After Effects can't save frames for a script.",
      "Update After Effects, or use a layer with a media file.",
    );
  }
  comp.saveFrameToPng(argument.time, new File(argument.file));
  return { file: argument.file };
}

function ownComp(source: AVItem): CompItem | null {
  for (let i = 1; i <= app.project.numItems; i++) {
    const item = app.project.item(i);
    if (isOurs(item) && (item.layer(1) as AVLayer).source === source) return item;
  }
  return null;
}

function isOurs(item: Item): item is CompItem {
  return item instanceof CompItem && item.comment === TEMPORARY_COMP;
}

/** A still has no duration, and no rate. */
function temporaryComp(source: AVItem): CompItem {
  const rate = source.frameRate > 0 ? source.frameRate : 25;
  const comp = app.project.items.addComp(
    TEMPORARY_COMP,
    source.width,
    source.height,
    source.pixelAspect,
    source.duration > 0 ? source.duration : 1 / rate,
    rate,
  );
  comp.comment = TEMPORARY_COMP;
  comp.layers.add(source);
  return comp;
}

/** Nothing of ours stays in the project. */
export function removeStills(): null {
  const ours: Item[] = [];
  for (let i = 1; i <= app.project.numItems; i++)
    if (isOurs(app.project.item(i))) ours.push(app.project.item(i));
  if (ours.length === 0) return null;
  inOneUndoStep(STEP + ", removed", () => {
    for (let i = 0; i < ours.length; i++) (ours[i] as Item).remove();
  });
  return null;
}
