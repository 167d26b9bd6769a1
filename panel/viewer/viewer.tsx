/** The picture with its masks, and the tools on it. */
import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { MaskPathOverlay } from "../output/mask-path-overlay.tsx";
import { usePanel } from "../panel-context.ts";
import { openClipOf } from "../session/session-state.ts";
import { useCrosshairKeys } from "./crosshair.ts";
import { useGestures } from "./gestures.ts";
import { paint } from "./paint.ts";
import { drawStroke } from "./painted-mask.ts";
import { PromptMarks } from "./prompt-marks.tsx";
import { sceneOf } from "./scene.ts";
import { toViewer } from "./view-transform.ts";

export function Viewer() {
  const panel = usePanel();
  const { viewer, session, preferences } = panel;
  const stage = useRef<HTMLDivElement>(null);
  const gestures = useGestures(panel, stage);
  const onCrosshairKey = useCrosshairKeys(panel);
  useSize(stage, (width, height) => viewer.resize({ width, height }));
  const frame = session.state.frame.value;
  const clip = openClipOf(session.state);
  const moves = viewer.playing.value || viewer.space.value !== "up";
  const tool = moves ? "hand" : preferences.tool.value;
  const label = clip
    ? `Frame ${frame + 1} of ${clip.frameCount}. Control and arrow keys move a crosshair, Enter clicks there.`
    : "No clip is open.";
  return (
    <div
      class={`stage stage-${tool}`}
      ref={stage}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the stage takes clicks, by mouse and by crosshair keys
      tabIndex={0}
      role="application"
      aria-label={label}
      onKeyDown={onCrosshairKey}
      {...gestures}
    >
      <Picture />
      <MaskPathOverlay />
      {clip && <PromptMarks />}
      <WipeHandle />
    </div>
  );
}

/** Redraws whenever something that it shows has changed, at most once a frame. */
function Picture() {
  const panel = usePanel();
  const canvas = useRef<HTMLCanvasElement>(null);
  const pending = useRef(0);
  useSignalEffect(() => {
    const scene = sceneOf(panel);
    const stroke = panel.viewer.stroke.value;
    cancelAnimationFrame(pending.current);
    pending.current = requestAnimationFrame(() => {
      const element = canvas.current;
      const context = element?.getContext("2d");
      if (!element || !context) return;
      const width = Math.round(scene.viewer.width * scene.pixelRatio);
      const height = Math.round(scene.viewer.height * scene.pixelRatio);
      if (element.width !== width || element.height !== height) Object.assign(element, { width, height });
      paint(context, scene);
      if (stroke)
        drawStroke(context, stroke, stroke.erases ? "rgba(255, 70, 70, 0.55)" : "rgba(255, 255, 255, 0.55)");
    });
  });
  return <canvas class="picture" ref={canvas} />;
}

function WipeHandle() {
  const { preferences, viewer, session } = usePanel();
  const clip = openClipOf(session.state);
  if (preferences.view.value !== "wipe" || !clip) return null;
  const at = toViewer(viewer.view.value, { x: clip.width * preferences.wipe.value, y: clip.height / 2 });
  const move = (share: number) => {
    preferences.wipe.value = Math.min(1, Math.max(0, share));
  };
  return (
    <div
      class="wipe-handle"
      role="slider"
      tabIndex={0}
      aria-label="Before and after"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(preferences.wipe.value * 100)}
      style={{ left: `${at.x}px`, top: `${at.y}px` }}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") move(preferences.wipe.value - 0.02);
        if (event.key === "ArrowRight") move(preferences.wipe.value + 0.02);
      }}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        move(preferences.wipe.value + event.movementX / (clip.width * viewer.view.value.scale));
      }}
    />
  );
}

function useSize(element: { current: HTMLElement | null }, onSize: (width: number, height: number) => void) {
  // Before the first paint: a click may come with it.
  useLayoutEffect(() => {
    const observed = element.current;
    if (!observed) return;
    onSize(observed.clientWidth, observed.clientHeight);
    const observer = new ResizeObserver(() => onSize(observed.clientWidth, observed.clientHeight));
    observer.observe(observed);
    return () => observer.disconnect();
  }, []);
}
