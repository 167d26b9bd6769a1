/** Playhead, views and the track commands, in one row under the picture. */
import { usePanel } from "../panel-context.ts";
import { openClipOf } from "../session/session-state.ts";
import { nextTrack } from "../session/track-plan.ts";
import { keysFor, TRACK } from "../ui/commands.ts";
import { IconButton, NumberField, Progress, Segments } from "../ui/controls.tsx";
import { clock, duration, speed } from "../ui/format.ts";
import { Icon } from "../ui/icon.tsx";
import type { Backdrop, ViewMode } from "../ui/preferences.ts";

const VIEWS: readonly { value: ViewMode; label: string; title: string }[] = [
  { value: "overlay", label: "Overlay", title: "Overlay (F2)" },
  { value: "outline", label: "Outline", title: "Outline (F3)" },
  { value: "matte", label: "Matte", title: "Matte, white on black (F4)" },
  { value: "cutout", label: "Cut-out", title: "Cut-out on a backdrop (F5)" },
  { value: "wipe", label: "Wipe", title: "Before and after (F6)" },
];

const BACKDROPS: readonly { value: Backdrop; label: string }[] = [
  { value: "checker", label: "Checker" },
  { value: "black", label: "Black" },
  { value: "white", label: "White" },
  { value: "green", label: "Green" },
];

export function Transport() {
  return (
    <div class="transport">
      <Views />
      <PlayButtons />
      <TrackButtons />
    </div>
  );
}

function Views() {
  const { preferences } = usePanel();
  const { view, backdrop } = preferences;
  const onBackdrop = view.value === "cutout" || view.value === "wipe";
  return (
    <div class="views">
      <Segments
        label="View"
        value={view.value}
        options={VIEWS}
        onChange={(value) => (view.value = value)}
        class="views-wide"
      />
      <select
        class="views-narrow"
        aria-label="View"
        value={view.value}
        onChange={(event) => (view.value = event.currentTarget.value as ViewMode)}
      >
        {VIEWS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      {onBackdrop && (
        <select
          aria-label="Backdrop"
          value={backdrop.value}
          onChange={(event) => (backdrop.value = event.currentTarget.value as Backdrop)}
        >
          {BACKDROPS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function PlayButtons() {
  const { session, viewer, playback, commands } = usePanel();
  const clip = openClipOf(session.state);
  const none = !clip;
  const keys = (label: string) => keysFor(commands, label);
  return (
    <div class="play-buttons">
      <IconButton
        icon="previous"
        label="Previous frame"
        keys={keys("Previous frame")}
        disabled={none}
        onClick={() => session.step(-1)}
      />
      <IconButton
        icon={viewer.playing.value ? "pause" : "play"}
        label={viewer.playing.value ? "Pause" : "Play"}
        keys={keys("Play or pause")}
        disabled={none}
        onClick={() => playback.toggle()}
      />
      <IconButton
        icon="next"
        label="Next frame"
        keys={keys("Next frame")}
        disabled={none}
        onClick={() => session.step(1)}
      />
      <FrameField />
      <IconButton
        icon="markIn"
        label="Set in point"
        keys={keys("Set in point")}
        disabled={none}
        onClick={() => session.setIn()}
        class="optional"
      />
      <IconButton
        icon="markOut"
        label="Set out point"
        keys={keys("Set out point")}
        disabled={none}
        onClick={() => session.setOut()}
        class="optional"
      />
    </div>
  );
}

/** Frames count from 1 for people. */
function FrameField() {
  const { session } = usePanel();
  const clip = openClipOf(session.state);
  const frame = session.state.frame.value;
  return (
    <span class="frame-field">
      <NumberField
        label="Frame"
        min={1}
        max={clip?.frameCount ?? 1}
        value={clip ? frame + 1 : ""}
        disabled={!clip}
        onCommit={(value) => session.goTo(value - 1)}
      />
      <span class="frame-count">/ {clip?.frameCount ?? "–"}</span>
      <span class="clock optional">{clip ? clock(clip, frame) : "--:--"}</span>
    </span>
  );
}

function TrackButtons() {
  const { session, commands } = usePanel();
  const { tracking, document, model } = session.state;
  if (tracking.value.phase === "propagating") return <TrackProgress />;
  const next = nextTrack(document.value);
  const none =
    !openClipOf(session.state) || model.value.phase !== "ready" || document.value.objects.length === 0;
  const keys = (label: string) => keysFor(commands, label);
  return (
    <div class="track-buttons">
      <IconButton
        icon="trackBackward"
        label="Track backward from here"
        keys={keys("Track backward from here")}
        disabled={none}
        onClick={() => session.track("backward")}
      />
      <IconButton
        icon="trackForward"
        label="Track forward from here"
        keys={keys("Track forward from here")}
        disabled={none}
        onClick={() => session.track("forward")}
      />
      <button
        type="button"
        class="button button-primary"
        disabled={none}
        title={`Track (${keys(TRACK)})`}
        onClick={() => session.track()}
      >
        <Icon name="trackBoth" />
        {next.label}
      </button>
    </div>
  );
}

function TrackProgress() {
  const { session, commands } = usePanel();
  const tracking = session.state.tracking.value;
  if (tracking.phase !== "propagating") return null;
  const { doneFrames, totalFrames, framesPerSecond, secondsLeft, stopping } = tracking;
  return (
    <div class="track-progress" aria-live="off">
      <div class="track-progress-text">
        <p>
          <span>
            {doneFrames} / {totalFrames}
          </span>
          <span>{framesPerSecond === null ? "" : `${speed(framesPerSecond)} fps`}</span>
          <span>{secondsLeft === null ? "" : `${duration(secondsLeft)} left`}</span>
        </p>
        <Progress share={totalFrames > 0 ? doneFrames / totalFrames : null} label="Tracking" />
      </div>
      <button
        type="button"
        class="button button-stop"
        disabled={stopping}
        title={`Stop, keep what is done (${keysFor(commands, "Stop, keep what is done")})`}
        onClick={() => session.tracking.stop()}
      >
        <Icon name="stop" />
        {stopping ? "Stopping" : "Stop"}
      </button>
    </div>
  );
}
