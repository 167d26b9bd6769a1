/** One line over the picture that says what to do next; nothing once it is clear. */
import { openDemo, VIDEO_TYPES } from "../clips-dialog.tsx";
import { progressOf } from "../host/host-progress.ts";
import { usePanel } from "../panel-context.ts";
import { objectOf, promptsAt, type TrackedObject } from "../session/document.ts";
import { openClipOf } from "../session/session-state.ts";
import { keysFor, OTHER_MASK, TRACK } from "../ui/commands.ts";
import { Progress } from "../ui/controls.tsx";
import { loading, loadShare } from "../ui/format.ts";
import { Icon } from "../ui/icon.tsx";

export function Guide() {
  const { session, hostTimeline } = usePanel();
  const { opening, model, document, answering, selectedObjectId, frame } = session.state;
  const host = hostTimeline?.state.value;
  if (host?.phase === "reading") return <Waiting progress={progressOf(host)} />;
  if (opening.value !== null) return <Line text={`Opening ${opening.value} …`} />;
  if (!openClipOf(session.state)) return <Welcome />;
  const state = model.value;
  if (state.phase === "loading" || state.phase === "none") {
    const progress = state.phase === "loading" ? state.progress : null;
    return (
      <div class="guide">
        <span>
          {answering.value > 0 ? "Answering when the model is ready" : "Getting the model ready"}:{" "}
          {loading(progress)}
        </span>
        <Progress share={loadShare(progress)} label="Loading the model" />
      </div>
    );
  }
  if (answering.value > 0) return <Line text="Looking …" />;
  if (document.value.objects.every((object) => object.prompts.size === 0))
    return <Line text="Click the object you want to cut out" />;
  const selected = objectOf(document.value, selectedObjectId.value);
  const isClicked = promptsAt(selected, frame.value).points.length > 0;
  if (isClicked && !document.value.objects.some(isTracked)) return <AfterTheClick />;
  return null;
}

const isTracked = ({ records }: TrackedObject) =>
  [...records.values()].some(({ origin }) => origin === "tracked");

function AfterTheClick() {
  const { commands } = usePanel();
  const other = keysFor(commands, OTHER_MASK);
  const track = keysFor(commands, TRACK);
  return <Line text={`Too little, or too much? ${other} shows another mask. ${track} tracks it.`} />;
}

const Line = ({ text }: { text: string }) => (
  <div class="guide" role="status">
    <span>{text}</span>
  </div>
);

/** Not announced: the panel's section Timeline says it too. */
const Waiting = ({ progress: [done, total, words] }: { progress: ReturnType<typeof progressOf> }) => (
  <div class="guide">
    <span>{words}</span>
    <Progress share={done / total} label={words} />
  </div>
);

function Welcome() {
  const panel = usePanel();
  const { clip } = panel.session.state;
  const failed = clip.value.phase === "failed" ? clip.value : null;
  return (
    <div class="welcome">
      <h1>Masklet</h1>
      <p>
        Drop a video here, click an object, and track it through the clip. Everything stays on this machine.
      </p>
      {failed && (
        <p class="welcome-failed" role="alert">
          <Icon name="warning" /> {failed.error.message} {failed.error.remedy}
        </p>
      )}
      <div class="welcome-buttons">
        <button
          type="button"
          class="button button-primary"
          onClick={() => void panel.chooseFiles(VIDEO_TYPES, true).then(panel.openFiles)}
        >
          <Icon name="folder" /> Open video …
        </button>
        {panel.surroundings.loadDemo && (
          <button type="button" class="button" onClick={() => void openDemo(panel)}>
            Demo clip
          </button>
        )}
      </div>
    </div>
  );
}
