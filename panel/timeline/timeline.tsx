/** The strip: thumbnails, one row an object, the playhead, in and out. */
import { useMemo, useRef } from "preact/hooks";
import { usePanel } from "../panel-context.ts";
import type { TrackedObject } from "../session/document.ts";
import { openClipOf } from "../session/session-state.ts";
import { objectRow, STATUS_WORDS, statusAt } from "./frame-status.ts";
import { Ruler } from "./ruler.tsx";
import { Thumbnails } from "./thumbnails.tsx";

export function Timeline() {
  const { session } = usePanel();
  const clip = openClipOf(session.state);
  const { document } = session.state;
  if (!clip) return <div class="timeline timeline-empty" />;
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="timeline-rows">
        <div class="row row-ruler">
          <span class="row-label" />
          <Lane label="Playhead">
            <Ruler frameCount={clip.frameCount} />
          </Lane>
        </div>
        <div class="row row-thumbnails">
          <span class="row-label row-label-quiet">Clip</span>
          <Lane>
            <Thumbnails clip={clip} />
          </Lane>
        </div>
        {document.value.objects.map((object) => (
          <ObjectLane key={object.id} object={object} frameCount={clip.frameCount} />
        ))}
        {document.value.objects.length === 0 && (
          <div class="row">
            <span class="row-label row-label-quiet">No object</span>
            <Lane>
              <div class="lane-track" />
            </Lane>
          </div>
        )}
        <Playhead frameCount={clip.frameCount} />
      </div>
      <Legend />
    </section>
  );
}

interface LaneProps {
  children: preact.ComponentChildren;
  label?: string;
  object?: TrackedObject;
}

/** Two presses on one frame, milliseconds. */
const DOUBLE_PRESS = 400;

/**
 * Wherever one presses or drags in it, the playhead goes. With a label it is the slider for keys. With an
 * object, Shift and a drag mark a stretch of it, and a double click its stretch there.
 */
function Lane({ children, label, object }: LaneProps) {
  const { session, playback } = usePanel();
  const lane = useRef<HTMLDivElement>(null);
  const clip = openClipOf(session.state);
  const frame = session.state.frame.value;
  const frameAt = (event: MouseEvent) => {
    const box = lane.current!.getBoundingClientRect();
    const last = (clip?.frameCount ?? 1) - 1;
    const under = Math.floor(((event.clientX - box.left) / box.width) * (last + 1));
    return Math.min(last, Math.max(0, under));
  };
  const goTo = (event: PointerEvent) => session.goTo(frameAt(event));
  const pressedAt = useRef(Number.NEGATIVE_INFINITY);
  const press = (event: PointerEvent) => {
    const again = event.timeStamp - pressedAt.current < DOUBLE_PRESS && frameAt(event) === frame;
    pressedAt.current = event.timeStamp;
    if (object && (event.shiftKey || again)) session.objects.select(object.id);
    if (object && again) return session.visibility.markStretch();
    session.visibility.markAt(object && event.shiftKey ? frameAt(event) : null);
    goTo(event);
  };
  const slider = label && {
    role: "slider" as const,
    tabIndex: 0,
    "aria-label": label,
    "aria-valuemin": 1,
    "aria-valuemax": clip?.frameCount ?? 1,
    "aria-valuenow": frame + 1,
    "aria-valuetext": `Frame ${frame + 1}`,
    onKeyDown: (event: KeyboardEvent) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) session.step(event.shiftKey ? 10 * step : step);
      if (step) event.preventDefault();
    },
  };
  return (
    <div
      class="lane"
      ref={lane}
      {...slider}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        playback.stop();
        event.currentTarget.setPointerCapture(event.pointerId);
        press(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && goTo(event)}
    >
      {children}
    </div>
  );
}

function ObjectLane({ object, frameCount }: { object: TrackedObject; frameCount: number }) {
  const { session } = usePanel();
  const row = useMemo(() => objectRow(object), [object]);
  const selected = session.state.selectedObjectId.value === object.id;
  const frame = session.state.frame.value;
  const place = (from: number, to: number) => ({
    left: `${(from / frameCount) * 100}%`,
    width: `${((to - from + 1) / frameCount) * 100}%`,
  });
  return (
    <div class={`row ${selected ? "row-selected" : ""}`}>
      <button
        type="button"
        class="row-label"
        aria-label={`${object.name}: this frame is ${STATUS_WORDS[statusAt(row, frame)]}`}
        onClick={() => session.objects.select(object.id)}
      >
        <span class="swatch" style={{ background: object.colour }} />
        <span class="row-name">{object.name}</span>
      </button>
      <Lane object={object}>
        <div class="lane-track" style={{ color: object.colour }}>
          {row.runs.map((run) => (
            <div
              key={run.from}
              class={`run run-${run.status}`}
              style={place(run.from, run.to)}
              title={`${run.from + 1}–${run.to + 1}: ${STATUS_WORDS[run.status]}`}
            />
          ))}
          {object.visibility.map(({ from, to, state }) => (
            <div
              key={`${state} ${from}`}
              class={`said said-${state}`}
              style={place(from, to)}
              title={`${from + 1}–${to + 1}: ${state}, set by hand`}
            />
          ))}
          {row.prompted.map((prompted) => (
            <div
              key={prompted}
              class="prompt-key"
              style={{ left: `${((prompted + 0.5) / frameCount) * 100}%` }}
              title={`Prompt on frame ${prompted + 1}`}
            />
          ))}
        </div>
        {selected && session.state.mark.value !== null && <Marked place={place} />}
      </Lane>
    </div>
  );
}

function Marked({ place }: { place: (from: number, to: number) => { left: string; width: string } }) {
  const { from, to } = usePanel().session.visibility.stretch;
  return <div class="marked" style={place(from, to)} />;
}

function Playhead({ frameCount }: { frameCount: number }) {
  const { session } = usePanel();
  const { frame, document } = session.state;
  const { inFrame, outFrame } = document.value;
  const whole = inFrame === 0 && outFrame === frameCount - 1;
  return (
    <div class="over-rows" aria-hidden="true">
      {!whole && <div class="outside" style={{ left: 0, width: `${(inFrame / frameCount) * 100}%` }} />}
      {!whole && (
        <div
          class="outside"
          style={{ right: 0, width: `${((frameCount - 1 - outFrame) / frameCount) * 100}%` }}
        />
      )}
      <div
        class="playhead"
        style={{ left: `${(frame.value / frameCount) * 100}%`, width: `${100 / frameCount}%` }}
      />
    </div>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <span class="run run-tracked" /> tracked
      </li>
      <li>
        <span class="run run-hidden" /> hidden
      </li>
      <li>
        <span class="run run-uncertain" /> uncertain
      </li>
      <li>
        <span class="run run-stale" /> out of date
      </li>
      <li>
        <span class="run said said-visible" /> visible, by hand
      </li>
      <li>
        <span class="run said said-hidden" /> hidden, by hand
      </li>
      <li>
        <span class="prompt-key" /> prompt
      </li>
    </ul>
  );
}
