/** The frame under the playhead as it will be exported, edges and time treated. In the page. */
import { effect, type Signal, signal } from "@preact/signals";
import type { MatteSettings } from "../../worker/matte/matte-settings.ts";
import { matteLayers } from "../session/exporting.ts";
import type { Session } from "../session/session.ts";
import { openClipOf } from "../session/session-state.ts";
import type { Preferences } from "../ui/preferences.ts";

/** After the last change, milliseconds. */
const REST = 150;
/** Frames to each side that treatment in time may look at. */
const NEIGHBOURS = 4;

export class TreatedPreview {
  /** While a slider is dragged; null where the document's settings hold. */
  readonly draft: Signal<MatteSettings | null> = signal<MatteSettings | null>(null);
  readonly #picture: Signal<{ frame: number; bitmap: ImageBitmap } | null> = signal<{
    frame: number;
    bitmap: ImageBitmap;
  } | null>(null);
  readonly #session: Session;
  #wanted = 0;

  constructor(session: Session, preferences: Preferences, playing: Signal<boolean>) {
    this.#session = session;
    let timer: ReturnType<typeof setTimeout> | undefined;
    effect(() => {
      const { document, frame, tracking, exporting, answering } = session.state;
      void [document.value, frame.value, this.draft.value];
      const busy =
        tracking.value.phase !== "idle" || exporting.value.phase === "writing" || answering.value > 0;
      const wanted = preferences.treated.value && !busy && !playing.value;
      clearTimeout(timer);
      this.#wanted++;
      if (!preferences.treated.value) this.#show(null);
      if (wanted) timer = setTimeout(() => void this.#render(), REST);
    });
  }

  at(frame: number): ImageBitmap | null {
    const picture = this.#picture.value;
    return picture?.frame === frame ? picture.bitmap : null;
  }

  async #render(): Promise<void> {
    const wanted = this.#wanted;
    const { state, tracker } = this.#session;
    const clip = openClipOf(state);
    if (!clip) return;
    const frame = state.frame.value;
    const layers = matteLayers(state.document.value, frame - NEIGHBOURS, frame + NEIGHBOURS);
    if (layers.length === 0) return this.#show(null);
    const settings = { ...(this.draft.value ?? state.document.value.matte) };
    const request = {
      layers,
      from: frame,
      to: frame,
      settings,
      format: "png",
      content: "cutout",
      grouping: "merged",
    } as const;
    let file: Blob | null = null;
    const keep = (written: { bytes: Blob }) => {
      file = written.bytes;
    };
    const outcome = await tracker.exportMatte(clip.clipId, { ...request, layers }, keep, () => undefined);
    if (!outcome.ok || !file || wanted !== this.#wanted) return;
    this.#show({ frame, bitmap: await createImageBitmap(file) });
  }

  #show(picture: { frame: number; bitmap: ImageBitmap } | null): void {
    this.#picture.peek()?.bitmap.close();
    this.#picture.value = picture;
  }
}
