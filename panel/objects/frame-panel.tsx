/** What is known of the selected object on this frame, and what was said about it. */
import { usePanel } from "../panel-context.ts";
import { hasPrompts, objectOf, promptsAt } from "../session/document.ts";
import { planStale } from "../session/track-plan.ts";
import { STATUS_WORDS } from "../timeline/frame-status.ts";
import { Section } from "../ui/controls.tsx";
import { Icon } from "../ui/icon.tsx";

export function FramePanel() {
  const { session } = usePanel();
  const { document, selectedObjectId, frame, answering } = session.state;
  const object = objectOf(document.value, selectedObjectId.value);
  if (!object) return null;
  const record = object.records.get(frame.value);
  const prompts = promptsAt(object, frame.value);
  const status = answering.value > 0 ? "answering …" : statusOf(record);
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
          <button type="button" class="chip chip-plain" onClick={() => session.prompts.clearFrame()}>
            clear all
          </button>
        </div>
      )}
      <Stale />
    </Section>
  );
}

function statusOf(
  record: { origin: string; objectScore: number; staleSince: number | null } | undefined,
): string {
  if (!record) return STATUS_WORDS.none;
  if (record.staleSince !== null) return STATUS_WORDS.stale;
  if (record.origin === "prompted") return "prompted";
  return record.objectScore > 0 ? "tracked" : "hidden";
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
