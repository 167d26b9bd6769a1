/** How a matte comes to the host: where its files go, and how it fades where the object comes and goes. */
import { NumberField, Segments } from "../ui/controls.tsx";
import type { HostTimeline } from "./host-timeline.ts";

/** Longer ones hardly fit between two occlusions. */
const MOST_FADE_FRAMES = 48;

const FILES = [
  { value: "stills", label: "PNG sequence", title: "One file a frame" },
  { value: "movie", label: "ProRes 4444", title: "One movie, where the timeline shows each frame once" },
] as const;

export function MatteOptions({ timeline, busy }: { timeline: HostTimeline; busy: boolean }) {
  return (
    <>
      {timeline.canWriteMovies && (
        <Segments
          label="Files"
          value={timeline.asMovie.value ? "movie" : "stills"}
          options={FILES}
          onChange={(value) => {
            timeline.asMovie.value = value === "movie";
          }}
        />
      )}
      <div
        class="host-option"
        title="Where the object is hidden the matte is off; it may fade in and out there"
      >
        <span aria-hidden="true">Fade, frames</span>
        <NumberField
          label="Fade, frames"
          min={0}
          max={MOST_FADE_FRAMES}
          value={timeline.fadeFrames.value}
          onCommit={(typed) => {
            timeline.fadeFrames.value = Math.min(MOST_FADE_FRAMES, Math.max(0, Math.round(typed)));
          }}
        />
      </div>
      <Folder timeline={timeline} busy={busy} />
    </>
  );
}

function Folder({ timeline, busy }: { timeline: HostTimeline; busy: boolean }) {
  const folder = timeline.folder.value;
  if (folder === null) return null;
  return (
    <div class="host-option">
      <span class="host-folder" title={folder}>
        Files go to {folder}
      </span>
      {timeline.canChooseFolder && (
        <button type="button" class="button" disabled={busy} onClick={() => void timeline.chooseFolder()}>
          Other folder …
        </button>
      )}
    </div>
  );
}
