/** The frames most worth a look, to go through one by one. */
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { usePanel } from "../panel-context.ts";
import { objectOf } from "../session/document.ts";
import { keysFor } from "../ui/commands.ts";
import { IconButton, Section } from "../ui/controls.tsx";
import { neighbour, type ReviewItem, reviewList } from "./review-list.ts";

export function ReviewPanel() {
  const { session, commands } = usePanel();
  const list = useMemo(
    () =>
      computed(() =>
        session.state.tracking.value.phase === "idle"
          ? reviewList(session.state.document.value.objects)
          : null,
      ),
    [session],
  );
  const items = list.value;
  const tracked = session.state.document.value.objects.some((object) => object.records.size > 1);
  if (!tracked) return null;
  const goTo = (item: ReviewItem | null) => {
    if (!item) return;
    session.objects.select(item.objectId);
    session.goTo(item.frameIndex);
  };
  const step = (direction: 1 | -1) => goTo(neighbour(items ?? [], session.state.frame.value, direction));
  const aside = items && items.length > 0 && (
    <>
      <span class="count">{items.length}</span>
      <IconButton
        icon="previous"
        label="Previous frame to review"
        keys={keysFor(commands, "Previous frame to review")}
        onClick={() => step(-1)}
      />
      <IconButton
        icon="next"
        label="Next frame to review"
        keys={keysFor(commands, "Next frame to review")}
        onClick={() => step(1)}
      />
    </>
  );
  return (
    <Section title="Review" aside={aside}>
      {items === null && <p class="hint">Listed when the track has ended.</p>}
      {items?.length === 0 && (
        <p class="hint">Nothing stands out: confidence, size and visibility are steady.</p>
      )}
      <ul class="review-list">
        {items?.map((item) => (
          <ReviewRow key={`${item.objectId} ${item.frameIndex}`} item={item} onChoose={() => goTo(item)} />
        ))}
      </ul>
    </Section>
  );
}

function ReviewRow({ item, onChoose }: { item: ReviewItem; onChoose: () => void }) {
  const { session } = usePanel();
  const object = objectOf(session.state.document.value, item.objectId);
  const here = session.state.frame.value === item.frameIndex;
  const level = item.severity > 0.6 ? "high" : item.severity > 0.3 ? "middle" : "low";
  return (
    <li>
      <button
        type="button"
        class={`review-row ${here ? "review-here" : ""}`}
        aria-current={here}
        onClick={onChoose}
      >
        <span class={`severity severity-${level}`} />
        <span class="review-frame">{item.frameIndex + 1}</span>
        <span class="swatch" style={{ background: object?.colour ?? "transparent" }} />
        <span class="review-reason">{item.reason}</span>
      </button>
    </li>
  );
}
