/** Open a video, go back to an earlier one, or try the demo. */
import { useEffect, useState } from "preact/hooks";
import { usePanel } from "./panel-context.ts";
import type { StoredClip } from "./session/session-store.ts";
import { IconButton } from "./ui/controls.tsx";
import { Modal } from "./ui/dialog.tsx";
import { Icon } from "./ui/icon.tsx";

export const VIDEO_TYPES = "video/*,.mov,.mp4,.m4v,.mkv,.webm,.mts,image/png,image/jpeg";

export function ClipsDialog() {
  const panel = usePanel();
  const [clips, setClips] = useState<StoredClip[]>([]);
  const { session, dialog, surroundings } = panel;
  const refresh = () => void session.store.list().then(setClips);
  useEffect(refresh, []);
  const open = async (choose: () => Promise<unknown>) => {
    dialog.value = null;
    await choose();
  };
  const current = session.state.clip.value.phase === "ready" ? session.state.clip.value.key : null;
  return (
    <Modal title="Clips">
      <div class="form-start">
        <button
          type="button"
          class="button button-primary"
          onClick={() => void open(async () => panel.openFiles(await panel.chooseFiles(VIDEO_TYPES, true)))}
        >
          <Icon name="folder" /> Open video …
        </button>
        {surroundings.loadDemo && (
          <button type="button" class="button" onClick={() => void open(() => openDemo(panel))}>
            Demo clip
          </button>
        )}
      </div>
      {clips.length === 0 && <p class="hint">Clips that you work on are kept here, with their masks.</p>}
      <ul class="clip-list">
        {clips.map((clip) => (
          <li key={clip.key} class={clip.key === current ? "model model-active" : "model"}>
            <div class="model-text">
              <strong>{clip.name}</strong>
              <span class="quiet">{new Date(clip.savedAt).toLocaleString()}</span>
            </div>
            {clip.key === current ? (
              <span class="badge">open</span>
            ) : (
              <>
                <button
                  type="button"
                  class="button"
                  onClick={() => void open(() => session.openStored(clip.key))}
                >
                  Open
                </button>
                <IconButton
                  icon="trash"
                  label={`Forget ${clip.name}`}
                  onClick={() => void session.forgetStored(clip.key).then(refresh)}
                />
              </>
            )}
          </li>
        ))}
      </ul>
    </Modal>
  );
}

export async function openDemo({ session, surroundings }: ReturnType<typeof usePanel>): Promise<void> {
  const demo = await surroundings.loadDemo?.();
  if (demo) await session.openClip({ kind: "media", ...demo });
}
