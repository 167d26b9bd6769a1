/** The points and the box of the selected object on this frame: to see, to move, to delete. */
import { useRef } from "preact/hooks";
import type { BoxPrompt, PointPrompt } from "../../worker/protocol.ts";
import { usePanel } from "../panel-context.ts";
import { objectOf, promptsAt } from "../session/document.ts";
import { type Point, toViewer } from "./view-transform.ts";

export function PromptMarks() {
  const { session, viewer } = usePanel();
  const { document, selectedObjectId, frame } = session.state;
  const object = objectOf(document.value, selectedObjectId.value);
  const prompts = promptsAt(object, frame.value);
  const box = viewer.draftBox.value ?? prompts.box;
  return (
    <div class="marks">
      {box && <BoxMark box={box} colour={object?.colour ?? "#fff"} />}
      {!viewer.playing.value &&
        prompts.points.map((point, index) => (
          <PointMark key={`${object?.id} ${frame.value} ${index}`} point={point} index={index} />
        ))}
      <Crosshair />
      <BrushRing />
    </div>
  );
}

function BoxMark({ box, colour }: { box: BoxPrompt; colour: string }) {
  const { viewer } = usePanel();
  const from = toViewer(viewer.view.value, { x: Math.min(box.x0, box.x1), y: Math.min(box.y0, box.y1) });
  const to = toViewer(viewer.view.value, { x: Math.max(box.x0, box.x1), y: Math.max(box.y0, box.y1) });
  const style = {
    left: `${from.x}px`,
    top: `${from.y}px`,
    width: `${to.x - from.x}px`,
    height: `${to.y - from.y}px`,
    borderColor: colour,
  };
  return <div class="box-mark" style={style} />;
}

function PointMark({ point, index }: { point: PointPrompt; index: number }) {
  const { session, viewer } = usePanel();
  const dragged = useRef<Point | null>(null);
  const element = useRef<HTMLButtonElement>(null);
  const at = toViewer(viewer.view.value, point);
  const kind = point.label === 1 ? "Including" : "Excluding";
  const remove = () => void session.prompts.removePoint(index);
  const onPointerDown = (event: PointerEvent) => {
    event.stopPropagation();
    if (event.button === 2 || event.altKey) return remove();
    element.current?.setPointerCapture(event.pointerId);
    dragged.current = { x: point.x, y: point.y };
  };
  const onPointerMove = (event: PointerEvent) => {
    event.stopPropagation();
    if (!dragged.current || !element.current) return;
    const { x, y } = dragged.current;
    const { scale } = viewer.view.value;
    dragged.current = { x: x + event.movementX / scale, y: y + event.movementY / scale };
    const there = toViewer(viewer.view.value, dragged.current);
    Object.assign(element.current.style, { left: `${there.x}px`, top: `${there.y}px` });
  };
  const onPointerUp = (event: PointerEvent) => {
    event.stopPropagation();
    const to = dragged.current;
    dragged.current = null;
    if (to && Math.hypot(to.x - point.x, to.y - point.y) * viewer.view.value.scale > 2)
      void session.prompts.movePoint(index, to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const takes = event.key === "Delete" || event.key === "Backspace" || event.key === "Enter";
    if (!takes) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") void session.prompts.flipPoint(index);
    else remove();
  };
  return (
    <button
      type="button"
      ref={element}
      class={`point-mark ${point.label === 1 ? "point-in" : "point-out"}`}
      style={{ left: `${at.x}px`, top: `${at.y}px` }}
      aria-label={`${kind} point ${index + 1}, at ${Math.round(point.x)}, ${Math.round(point.y)}. Delete removes it, Enter flips it.`}
      title="Drag to move. Delete or Alt-click removes it."
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onKeyDown={onKeyDown}
      onContextMenu={(event) => event.preventDefault()}
    />
  );
}

function Crosshair() {
  const { viewer } = usePanel();
  if (!viewer.crosshair.value) return null;
  const at = toViewer(viewer.view.value, viewer.crosshair.value);
  return <div class="crosshair" style={{ left: `${at.x}px`, top: `${at.y}px` }} />;
}

/** The brush in its true size, where the stroke is. */
function BrushRing() {
  const { viewer } = usePanel();
  const stroke = viewer.stroke.value;
  const last = stroke?.points[stroke.points.length - 1];
  if (stroke?.kind !== "brush" || !last) return null;
  const at = toViewer(viewer.view.value, last);
  const diameter = `${stroke.size * viewer.view.value.scale}px`;
  return (
    <div
      class="brush-ring"
      style={{ left: `${at.x}px`, top: `${at.y}px`, width: diameter, height: diameter }}
    />
  );
}
