/** Runs in ExtendScript: frames of one layer's source, rendered by the host where its file can't be read. */
import type { SaveStill } from "../calls.ts";
import { findLayer } from "./layers.ts";
import { HostRefusal } from "./refusal.ts";
import { isTemporary, markTemporary } from "./temporary.ts";
import { inOneUndoStep } from "./undo.ts";

const NAME = "Masklet frames (temporary)";

/**
 * Asks for one frame as PNG. The call returns before the file is whole: the page waits until it parses
 * to its end. The comp holds the source alone and fills with it, so no effect or transform is baked in.
 */
export function saveStill(argument: SaveStill): { file: string } {
  const source = findLayer(argument.layer).source as AVItem;
  const width = Math.min(source.width, argument.maxWidth);
  const comp = ownComp(source, width) || inOneUndoStep("Masklet: frames", () => temporaryComp(source, width));
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

function ownComp(source: AVItem, width: number): CompItem | null {
  for (let i = 1; i <= app.project.numItems; i++) {
    const item = app.project.item(i);
    if (!(item instanceof CompItem) || !isTemporary(item) || item.width !== width) continue;
    if ((item.layer(1) as AVLayer).source === source) return item;
  }
  return null;
}

/** A still has no duration, and no rate. */
function temporaryComp(source: AVItem, width: number): CompItem {
  const height = Math.max(4, Math.round((source.height * width) / source.width));
  const rate = source.frameRate > 0 ? source.frameRate : 25;
  const comp = app.project.items.addComp(
    NAME,
    width,
    height,
    source.pixelAspect,
    source.duration > 0 ? source.duration : 1 / rate,
    rate,
  );
  markTemporary(comp);
  const layer = comp.layers.add(source);
  const scale = (layer.property("ADBE Transform Group") as PropertyGroup).property("ADBE Scale") as Property;
  scale.setValue([(100 * width) / source.width, (100 * height) / source.height, 100]);
  return comp;
}
