/** From signals to what is painted. In the page. */
import type { Panel } from "../panel-context.ts";
import { OBJECT_COLOURS, objectOf, visibleObjects } from "../session/document.ts";
import { openClipOf } from "../session/session-state.ts";
import { isHiddenAt } from "../session/visibility.ts";
import type { PaintLayer, Scene } from "./paint.ts";

export function sceneOf({ session, viewer, preferences }: Panel): Scene {
  const { state } = session;
  const clip = openClipOf(state);
  void viewer.frames.version.value;
  const frame = viewer.frames.toShow(state.frame.value);
  return {
    view: viewer.view.value,
    viewer: viewer.size.value,
    pixelRatio: devicePixelRatio,
    source: { width: clip?.width ?? 1, height: clip?.height ?? 1 },
    picture: clip ? viewer.frames.get(frame) : null,
    layers: clip ? layersAt({ session }, frame) : [],
    mode: clip ? preferences.view.value : "overlay",
    backdrop: preferences.backdrop.value,
    opacity: preferences.opacity.value,
    wipe: preferences.wipe.value,
    hover: hoverOf({ session, viewer, preferences }),
    treated: viewer.treated.at(frame),
  };
}

function layersAt({ session }: Pick<Panel, "session">, frame: number): PaintLayer[] {
  const { document, selectedObjectId } = session.state;
  return visibleObjects(document.value).flatMap((object) => {
    const record = object.records.get(frame);
    if (!record || isHiddenAt(object, frame)) return [];
    const { colour, operation } = object;
    return [{ mask: record.mask, colour, operation, selected: object.id === selectedObjectId.value }];
  });
}

function hoverOf({
  session,
  viewer,
  preferences,
}: Pick<Panel, "session" | "viewer" | "preferences">): Scene["hover"] {
  const { document, selectedObjectId, answering } = session.state;
  const result = viewer.hover.value;
  if (!result || !preferences.hover.value || answering.value > 0) return null;
  const colour = objectOf(document.value, selectedObjectId.value)?.colour ?? OBJECT_COLOURS[0];
  return { mask: result.mask, colour };
}
