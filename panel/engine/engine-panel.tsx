/** Where the tracker runs, inside of After Effects: the engine with its memory, or why there is none. */
import { usePanel } from "../panel-context.ts";
import { Section } from "../ui/controls.tsx";
import { bytes } from "../ui/format.ts";
import { WITHOUT_ENGINE } from "./engine-notices.ts";
import type { EngineState } from "./engine-state.ts";

export function EnginePanel() {
  const { engine } = usePanel().surroundings;
  if (!engine) return null;
  const absent = engine.value.phase === "absent";
  // With another key it is drawn anew: open where something is to be read.
  return (
    <Section
      key={String(absent)}
      title="Engine"
      aside={<span class="quiet">{shortly(engine.value)}</span>}
      closed={!absent}
    >
      <Words state={engine.value} />
    </Section>
  );
}

function shortly(state: EngineState): string {
  switch (state.phase) {
    case "starting":
      return "starting …";
    case "running":
      return state.residentBytes === null ? "running" : bytes(state.residentBytes);
    case "restarting":
      return "starting again …";
    case "absent":
      return "none: slower";
  }
}

function Words({ state }: { state: EngineState }) {
  switch (state.phase) {
    case "starting":
      return <p class="hint">The engine, a process beside After Effects, is being started.</p>;
    case "restarting":
      return <p class="hint hint-warning">{state.why} It is being started again; nothing is lost.</p>;
    case "running":
      return (
        <>
          <p class="hint">
            A process of its own with Node {state.nodeVersion}; it ends with this panel.
            {state.residentBytes !== null && ` It holds ${bytes(state.residentBytes)} of memory.`}
          </p>
          {state.codecsProblem !== "" && <p class="hint">{WITHOUT_CODECS}</p>}
        </>
      );
    case "absent":
      return (
        <p class="hint hint-warning">
          {state.why} {WITHOUT_ENGINE}
        </p>
      );
  }
}

const WITHOUT_CODECS =
  "It decodes no video by itself: this panel does where it can, else After Effects renders the frames. The package " +
  "@mediabunny/server adds every common codec and ProRes mattes; its FFmpeg is under the GPL, so it is yours to " +
  "install (the panel's README says how).";
