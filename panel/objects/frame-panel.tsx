/** What is known of the selected object on this frame, and what was said about it. */

import { ALTERNATIVES } from "../../worker/alternatives.ts";
import type { PointPrompt } from "../../worker/protocol.ts";
import { type VisibilityWord, wordOn } from "../../worker/visibility-overrides.ts";
import { usePanel } from "../panel-context.ts";
import { hasPrompts, objectOf, promptsAt, type TrackedObject } from "../session/document.ts";
import { planStale } from "../session/track-plan.ts";
import { framesInWords, stretchAt } from "../session/visibility.ts";
import { objectRow, STATUS_WORDS, statusAt } from "../timeline/frame-status.ts";
import { keysFor, OTHER_MASK } from "../ui/commands.ts";
import { IconButton, Section, Segments } from "../ui/controls.tsx";
import { Icon } from "../ui/icon.tsx";

export function FramePanel() {
  const { session } = usePanel();
  const { document, selectedObjectId, frame, answering } = session.state;
  const object = objectOf(document.value, selectedObjectId.value);
  if (!object) return null;
  const record = object.records.get(frame.value);
  const prompts = promptsAt(object, frame.value);
  const status = answering.value > 0 ? "answering …" : statusOf(object, frame.value);
  const confidence = record ? `${Math.round(record.predictedIou * 100)} %` : "–";
  return (
    <Section title={`Frame ${frame.value + 1}`}>
      <dl class="facts">
        <div>
          <dt>{object.name}</dt>
          <dd>{status}</dd>
        </div>
        <div>
          <dt>Confidence</dt>
          <dd>{confidence}</dd>
        </div>
        <div>
          <dt>Object score</dt>
          <dd>{record ? record.objectScore.toFixed(1) : "–"}</dd>
        </div>
      </dl>
      {hasPrompts(prompts) && (
        <div class="prompt-chips">
          {prompts.mask && <span class="chip">painted mask</span>}
          {prompts.box && (
            <button type="button" class="chip" onClick={() => session.prompts.setBox(null)}>
              box <Icon name="close" />
            </button>
          )}
          {prompts.points.map((point, index) => (
            <button
              type="button"
              key={index}
              class={`chip ${point.label === 1 ? "chip-in" : "chip-out"}`}
              aria-label={`Delete ${point.label === 1 ? "including" : "excluding"} point ${index + 1}`}
              onClick={() => session.prompts.removePoint(index)}
            >
              {point.label === 1 ? "+" : "−"} {Math.round(point.x)}, {Math.round(point.y)}{" "}
              <Icon name="close" />
            </button>
          ))}
          <OtherMask points={prompts.points} />
          <button type="button" class="chip chip-plain" onClick={() => session.prompts.clearFrame()}>
            clear all
          </button>
        </div>
      )}
      <Visibility object={object} />
      <Stale />
    </Section>
  );
}

/** Which of the masks that the last click can mean is shown, and the way to the next. */
function OtherMask({ points }: { points: readonly PointPrompt[] }) {
  const { session, commands } = usePanel();
  const last = points.at(-1);
  if (!last) return null;
  return (
    <button
      type="button"
      class="chip"
      title={`${OTHER_MASK}: a part, or the whole (${keysFor(commands, OTHER_MASK)})`}
      onClick={() => session.prompts.otherMask()}
    >
      mask {(last.alternative ?? 0) + 1} of {ALTERNATIVES.length}
    </button>
  );
}

function statusOf(object: TrackedObject, frame: number): string {
  const record = object.records.get(frame);
  const status = statusAt(objectRow(object), frame);
  return status === "tracked" && record?.origin === "prompted" ? "prompted" : STATUS_WORDS[status];
}

/** What the person says about the frame, or about the marked stretch, and what follows from it. */
function Visibility({ object }: { object: TrackedObject }) {
  const { session, commands } = usePanel();
  const { visibility, state } = session;
  const { stretch } = visibility;
  const option = (value: VisibilityWord, label: string, command: string) => ({
    value,
    label,
    title: `${command} (${keysFor(commands, command)})`,
  });
  return (
    <>
      <div class="field-row visibility-row">
        <span aria-hidden="true">{state.mark.value === null ? "Visibility" : framesInWords(stretch)}</span>
        <Segments<VisibilityWord | "mixed">
          label={`Visibility of ${object.name} on ${framesInWords(stretch)}`}
          value={wordOn(object.visibility, stretch)}
          options={[
            option("model", "Model", "As the model says here"),
            option("visible", "Visible", "Visible here"),
            option("hidden", "Hidden", "Hidden here"),
          ]}
          onChange={(word) => word !== "mixed" && visibility.say(word)}
        />
        <IconButton
          icon="markStretch"
          label="Mark from here, to the playhead"
          keys={keysFor(commands, "Mark from here, to the playhead")}
          pressed={state.mark.value !== null}
          onClick={() => visibility.toggleMark()}
        />
      </div>
      <Reason object={object} frame={state.frame.value} />
    </>
  );
}

/** Why the object is not plainly visible here, and where its mask is missing. */
function Reason({ object, frame }: { object: TrackedObject; frame: number }) {
  const stretch = stretchAt(object, frame);
  if (!stretch || (stretch.state === "visible" && stretch.origin === "tracked")) return null;
  const missing = stretch.shown && object.records.get(frame)?.area === 0;
  return (
    <p class="hint">
      {stretch.state}, {framesInWords(stretch)}: {stretch.explanation}.
      {missing && " There is no mask on this frame yet: click the object to make one."}
    </p>
  );
}

/** Says which stretch a correction will track again, before it does. */
function Stale() {
  const { session } = usePanel();
  const legs = planStale(session.state.document.value);
  if (legs.length === 0) return null;
  const ends = legs.flatMap((leg) => [leg.from, leg.to]);
  return (
    <p class="hint">
      After this correction, frames {Math.min(...ends) + 1} to {Math.max(...ends) + 1} are out of date. Track
      again runs over these alone.
    </p>
  );
}
