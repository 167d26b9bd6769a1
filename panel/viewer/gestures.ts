/** What the pointer does on the picture: click, drag a box, paint, pan, zoom. In the page. */
import { useMemo, useRef } from "preact/hooks";
import type { Panel } from "../panel-context.ts";
import { objectOf } from "../session/document.ts";
import { openClipOf } from "../session/session-state.ts";
import { paintedMask, type Stroke } from "./painted-mask.ts";
import { type Point, pan, toSource } from "./view-transform.ts";

/** CSS pixels; a smaller movement is a click. */
const DRAG_FROM = 5;

type Gesture =
  | { kind: "pan"; last: Point }
  /** A click until it has moved; then a box, if the button adds. */
  | { kind: "click"; start: Point; label: 0 | 1 }
  | { kind: "box"; start: Point }
  | { kind: "stroke" };

interface StageEvents {
  onPointerDown(event: PointerEvent): void;
  onPointerMove(event: PointerEvent): void;
  onPointerUp(event: PointerEvent): void;
  onPointerCancel(event: PointerEvent): void;
  onPointerLeave(): void;
  onWheel(event: WheelEvent): void;
  onContextMenu(event: Event): void;
}

export function useGestures(panel: Panel, stage: { current: HTMLElement | null }): StageEvents {
  const gesture = useRef<Gesture | null>(null);
  return useMemo(() => stageEvents(panel, stage, gesture), [panel]);
}

function stageEvents(
  panel: Panel,
  stage: { current: HTMLElement | null },
  gesture: { current: Gesture | null },
): StageEvents {
  const { viewer } = panel;
  const place = (event: MouseEvent): Point => {
    const box = stage.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  return {
    onPointerDown(event) {
      if (!openClipOf(panel.session.state)) return;
      stage.current?.setPointerCapture(event.pointerId);
      viewer.hoverAt(null);
      gesture.current = begin(panel, event, place(event));
    },
    onPointerMove(event) {
      const at = place(event);
      if (gesture.current) gesture.current = go(panel, gesture.current, at);
      else if (panel.preferences.tool.value === "point" && event.pointerType !== "touch")
        viewer.hoverAt(toSource(viewer.view.value, at));
    },
    onPointerUp(event) {
      const ended = gesture.current;
      gesture.current = null;
      if (ended) end(panel, ended, place(event));
    },
    onPointerCancel() {
      gesture.current = null;
      viewer.draftBox.value = null;
      viewer.stroke.value = null;
    },
    onPointerLeave() {
      viewer.hoverAt(null);
    },
    onWheel(event) {
      event.preventDefault();
      const perLine = event.deltaMode === 1 ? 24 : 1;
      viewer.zoom(Math.exp((-event.deltaY * perLine) / 400), place(event));
    },
    onContextMenu: (event) => event.preventDefault(),
  };
}

function begin(panel: Panel, event: PointerEvent, at: Point): Gesture | null {
  const { viewer, preferences } = panel;
  const tool = viewer.playing.value ? "hand" : preferences.tool.value;
  if (event.button === 1 || tool === "hand") return { kind: "pan", last: at };
  const source = toSource(viewer.view.value, at);
  const excludes = event.button === 2 || event.altKey;
  if (tool === "box") return { kind: "box", start: source };
  if (tool === "point") return { kind: "click", start: at, label: excludes ? 0 : 1 };
  const size = preferences.brushSize.value;
  viewer.stroke.value = { kind: tool, points: [source], size, erases: excludes };
  return { kind: "stroke" };
}

function go(panel: Panel, gesture: Gesture, at: Point): Gesture {
  const { viewer } = panel;
  const source = toSource(viewer.view.value, at);
  switch (gesture.kind) {
    case "pan":
      viewer.view.value = pan(viewer.view.value, at.x - gesture.last.x, at.y - gesture.last.y);
      return { kind: "pan", last: at };
    case "click": {
      const moved = Math.hypot(at.x - gesture.start.x, at.y - gesture.start.y) > DRAG_FROM;
      if (!moved || gesture.label === 0) return gesture;
      return go(panel, { kind: "box", start: toSource(viewer.view.value, gesture.start) }, at);
    }
    case "box":
      viewer.draftBox.value = { x0: gesture.start.x, y0: gesture.start.y, x1: source.x, y1: source.y };
      return gesture;
    case "stroke": {
      const stroke = viewer.stroke.value;
      if (stroke) viewer.stroke.value = { ...stroke, points: [...stroke.points, source] };
      return gesture;
    }
  }
}

function end(panel: Panel, gesture: Gesture, at: Point): void {
  const { viewer, session } = panel;
  const clip = openClipOf(session.state);
  if (!clip) return;
  if (gesture.kind === "click") {
    const { x, y } = toSource(viewer.view.value, gesture.start);
    const inside = x >= 0 && y >= 0 && x < clip.width && y < clip.height;
    if (inside) void session.prompts.addPoint({ x, y, label: gesture.label });
  }
  if (gesture.kind === "box") {
    void at;
    const box = viewer.draftBox.value;
    viewer.draftBox.value = null;
    if (box && Math.abs(box.x1 - box.x0) >= 2 && Math.abs(box.y1 - box.y0) >= 2)
      void session.prompts.setBox(box);
  }
  if (gesture.kind === "stroke") finishStroke(panel);
}

function finishStroke({ viewer, session }: Panel): void {
  const stroke: Stroke | null = viewer.stroke.value;
  const clip = openClipOf(session.state);
  viewer.stroke.value = null;
  if (!stroke || !clip) return;
  const { document, selectedObjectId, frame } = session.state;
  const before = objectOf(document.value, selectedObjectId.value)?.records.get(frame.value)?.mask ?? null;
  void session.prompts.setMask(paintedMask(clip, before, stroke));
}
