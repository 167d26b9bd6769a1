/** The host's timeline in the panel: open what is selected there, write the matte back, see what came of it. */
import { useSignal } from "@preact/signals";
import type { PlanReport } from "../../plugin/protocol.ts";
import { PathChoice } from "../output/mask-path-panel.tsx";
import { type Panel, usePanel } from "../panel-context.ts";
import { openClipOf } from "../session/session-state.ts";
import { Progress, Section, Segments } from "../ui/controls.tsx";
import type { WriteKind } from "./host-matte.ts";
import { progressOf } from "./host-progress.ts";
import { type HostTimeline, type HostTimelineState, isBusy } from "./host-timeline.ts";
import { MatteOptions } from "./matte-options.tsx";

export function HostPanel() {
  const panel = usePanel();
  const { session, hostTimeline, maskPaths } = panel;
  const kind = useSignal<WriteKind | "mask-paths">("track-matte");
  if (!hostTimeline) return null;
  const state = hostTimeline.state.value;
  const clip = hostTimeline.clip.value;
  const busy = isBusy(state) || maskPaths.tracing.value !== null;
  const isAtHand = kind.value !== "mask-paths" || maskPaths.document !== null;
  const canWrite = clip !== null && openClipOf(session.state) !== null && !busy && isAtHand;
  return (
    <Section title="Timeline">
      <div class="host">
        <button
          type="button"
          class="button"
          disabled={busy}
          onClick={() => void hostTimeline.openSelection()}
        >
          Open the selected clip
        </button>
        {clip && (
          <p class="hint">
            {clip.route === "media"
              ? "Frames come from the media file."
              : "Frames come from the host's own rendering."}
          </p>
        )}
        <Segments
          label="What to write"
          value={kind.value}
          options={[
            ...(hostTimeline.takesPaths ? [MASK_PATH] : []),
            {
              value: "track-matte",
              label: "Track matte",
              title: "A matte above the clip, and the clip keyed by it",
            },
            { value: "cut-out", label: "Cut-out", title: "The object alone, on a track above" },
            {
              value: "import-only",
              label: "Import",
              title: "The matte in the project, the timeline as it is",
            },
          ]}
          onChange={(value) => {
            kind.value = value;
          }}
        />
        {kind.value === "mask-paths" ? <PathChoice /> : <MatteOptions timeline={hostTimeline} busy={busy} />}
        <button
          type="button"
          class="button button-primary"
          disabled={!canWrite}
          onClick={() => void write(panel, hostTimeline, kind.value)}
        >
          Write to timeline
        </button>
        {isBusy(state) && <Busy state={state} cancel={() => void hostTimeline.cancel()} />}
        {state.phase === "written" && <Report report={state.report} />}
        {state.phase === "written" && state.kind === "track-matte" && state.report.notDone.length > 0 && (
          <button type="button" class="button" onClick={() => void hostTimeline.write("cut-out")}>
            Write a cut-out instead
          </button>
        )}
        {hostTimeline.canCheck && <SelfCheck timeline={hostTimeline} busy={busy} />}
      </div>
    </Section>
  );
}

const MASK_PATH = {
  value: "mask-paths" as const,
  label: "Mask path",
  title: "Keyframed masks on the layer, that a person can go on editing",
};

async function write(
  { maskPaths }: Panel,
  timeline: HostTimeline,
  kind: WriteKind | "mask-paths",
): Promise<void> {
  if (kind !== "mask-paths") await timeline.write(kind);
  else if (maskPaths.document) await timeline.writePaths(maskPaths.document);
}

function Busy({ state, cancel }: { state: HostTimelineState; cancel(): void }) {
  const [done, total, words] = progressOf(state);
  return (
    <div role="status" class="host-busy">
      <p class="hint">{words}</p>
      <Progress share={total > 0 ? done / total : null} label={words} />
      <button
        type="button"
        class="button"
        disabled={(state.phase === "placing" && state.total === 0) || state.phase === "checking"}
        onClick={cancel}
      >
        Cancel
      </button>
    </div>
  );
}

function Report({ report: { done, notDone } }: { report: PlanReport }) {
  return (
    <div role="status" class="host-report">
      <ul>
        {done.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {notDone.map(({ what, why, remedy }) => (
        <p key={what} class="hint hint-warning">
          <strong>{what}:</strong> {why} {remedy}
        </p>
      ))}
    </div>
  );
}

/** What the host doesn't document is tried out once; later writes go by what was found. */
function SelfCheck({ timeline, busy }: { timeline: HostTimeline; busy: boolean }) {
  const state = timeline.state.value;
  return (
    <details class="host-check">
      <summary>Self-check</summary>
      <p class="hint">{timeline.description.value?.name === "aftereffects" ? CHECK_APART : CHECK_ON_CLIP}</p>
      <button type="button" class="button" disabled={busy} onClick={() => void timeline.check()}>
        Check
      </button>
      {state.phase === "checked" && (
        <dl>
          {state.report.lines.map(({ name, finding, unit, detail }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <strong>{inWords(finding, unit)}</strong> {detail}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </details>
  );
}

const CHECK_ON_CLIP =
  "Tries out on the selected clip what later writes depend on, and restores it; an empty track may stay. Use a project that may be changed, and a clip whose start is trimmed by half its length or more.";
const CHECK_APART =
  "Tries out, on a small composition of its own, what reading and writing depend on, and removes it again. Nothing of yours is touched; it takes up some steps of Undo.";

function inWords(finding: boolean | number | string | null, unit: string): string {
  if (finding === null) return "not found out:";
  if (typeof finding === "boolean") return finding ? "yes:" : "no:";
  return `${finding} ${unit}:`;
}
