/** What the pointer does on the picture: click, drag a box, paint, pan, zoom. In the page. */

import { useMemo, useRef } from "preact/hooks";
import type { Panel } from "../panel-context.ts";
import { objectOf } from "../session/document.ts";
import type { Notice } from "../session/session-state.ts";
import { openClipOf } from "../session/session-state.ts";
import { paintedMask, type Stroke } from "./painted-mask.ts";
import { type Point, pan, toSource } from "./view-transform.ts";

/** CSS pixels; a smaller movement is a click. */
const DRAG_FROM = 5;

type Gesture =
  | { kind: "pan"; last: Point }
  /** Two fingers: where each was. */
  | { kind: "pinch"; fingers: Map<number, Point> }
  /** A click until it has moved; then a box, if the button adds. */
  | { kind: "click"; start: Point; label: 0 | 1 }
  | { kind: "box"; start: Point }
  | { kind: "stroke" };

const BESIDE: Notice = {
  tone: "info",
  message: "That click was beside the picture.",
  remedy: "Click on the object, within the picture.",
};

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
  /** Fingers on the picture. */
  const fingers = new Map<number, Point>();
  const place = (event: MouseEvent): Point => {
    const box = stage.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  return {
    onPointerDown(event) {
      if (!openClipOf(panel.session.state)) return;
      stage.current?.setPointerCapture(event.pointerId);
      viewer.hoverAt(null);
      if (event.pointerType === "touch") fingers.set(event.pointerId, place(event));
      if (fingers.size > 1) leaveDrafts(viewer);
      gesture.current =
        fingers.size > 1 ? { kind: "pinch", fingers: new Map(fingers) } : begin(panel, event, place(event));
    },
    onPointerMove(event) {
      const at = place(event);
      if (gesture.current?.kind === "pinch") {
        if (fingers.size > 1) pinch(viewer, gesture.current.fingers, event.pointerId, at);
      } else if (gesture.current) gesture.current = go(panel, gesture.current, at);
      else if (panel.preferences.tool.value === "point" && event.pointerType !== "touch")
        viewer.hoverAt(toSource(viewer.view.value, at));
    },
    onPointerUp(event) {
      fingers.delete(event.pointerId);
      const ended = gesture.current;
      // The finger that is left after a pinch clicks nothing.
      gesture.current = ended?.kind === "pinch" && fingers.size > 0 ? ended : null;
      if (ended) end(panel, ended, place(event));
    },
    onPointerCancel(event) {
      fingers.delete(event.pointerId);
      gesture.current = null;
      leaveDrafts(viewer);
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

function leaveDrafts(viewer: Panel["viewer"]): void {
  viewer.draftBox.value = null;
  viewer.stroke.value = null;
}

/** The picture follows both fingers: what was between them stays between them. */
function pinch(viewer: Panel["viewer"], fingers: Map<number, Point>, id: number, at: Point): void {
  if (!fingers.has(id)) return;
  const before = spanOf(fingers);
  fingers.set(id, at);
  const after = spanOf(fingers);
  const moved = pan(viewer.view.value, after.middle.x - before.middle.x, after.middle.y - before.middle.y);
  viewer.view.value = moved;
  if (before.length > 0 && after.length > 0) viewer.zoom(after.length / before.length, after.middle);
}

/** CSS pixels. */
function spanOf(fingers: ReadonlyMap<number, Point>): { middle: Point; length: number } {
  const [a, b] = [...fingers.values()] as [Point, Point];
  return {
    middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
    length: Math.hypot(a.x - b.x, a.y - b.y),
  };
}

function begin(panel: Panel, event: PointerEvent, at: Point): Gesture | null {
  const { viewer, preferences } = panel;
  const bySpace = viewer.space.value !== "up";
  if (bySpace) viewer.space.value = "moved";
  const tool = viewer.playing.value || bySpace ? "hand" : preferences.tool.value;
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
    case "pinch":
      return gesture;
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
    else session.state.notice.value = BESIDE;
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
