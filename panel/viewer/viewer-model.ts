/** What the viewer shows beside the session: zoom, hover, the stroke being drawn. In the page. */
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { BoxPrompt, FrameResult } from "../../worker/protocol.ts";
import { cellAt } from "../masks/mask-grid.ts";
import type { Session } from "../session/session.ts";
import { openClipOf } from "../session/session-state.ts";
import type { Preferences } from "../ui/preferences.ts";
import { FrameCache } from "./frame-cache.ts";
import type { Stroke } from "./painted-mask.ts";
import { TreatedPreview } from "./treated-preview.ts";
import { atScale, fitted, type Point, type Size, type ViewTransform, zoomAt } from "./view-transform.ts";

/** After the playhead rests this long, its frame is encoded ahead of a click; milliseconds. */
const REST_BEFORE_WARMING = 120;

export class ViewerModel {
  readonly frames: FrameCache;
  readonly size: Signal<Size> = signal({ width: 0, height: 0 });
  readonly view: Signal<ViewTransform> = signal<ViewTransform>({ mode: "fit", scale: 1, x: 0, y: 0 });
  readonly hover: Signal<FrameResult | null> = signal<FrameResult | null>(null);
  readonly stroke: Signal<Stroke | null> = signal<Stroke | null>(null);
  readonly draftBox: Signal<BoxPrompt | null> = signal<BoxPrompt | null>(null);
  /** Keyboard cursor, pixels of the source frame; null until a key has moved it. */
  readonly crosshair: Signal<Point | null> = signal<Point | null>(null);
  readonly playing: Signal<boolean> = signal(false);
  /** The space bar: held it lets the pointer move the picture; only one that moved nothing plays. */
  readonly space: Signal<"up" | "held" | "moved"> = signal<"up" | "held" | "moved">("up");
  readonly treated: TreatedPreview;
  /** Pixels: pictures need be no wider to be shown as they are now. */
  readonly #pictureWidth: ReadonlySignal<number> = computed(() => {
    const width = openClipOf(this.#session.state)?.width ?? 1;
    return Math.ceil(width / cellAt(this.view.value.scale * devicePixelRatio));
  });
  readonly #session: Session;
  readonly #preferences: Preferences;
  #warm: string | null = null;
  #hovering = false;
  #hoverNext: Point | null = null;

  constructor(session: Session, preferences: Preferences) {
    this.#session = session;
    this.#preferences = preferences;
    this.frames = new FrameCache(session.tracker, () => this.#pictureWidth.peek());
    this.treated = new TreatedPreview(session, preferences, this.playing);
    this.#followClip();
    this.#warmResting();
  }

  resize(size: Size): void {
    this.size.value = size;
    if (this.view.peek().mode === "fit") this.fit();
  }

  fit(): void {
    const clip = openClipOf(this.#session.state);
    if (clip && this.size.peek().width > 0) this.view.value = fitted(clip, this.size.peek());
  }

  oneToOne(pixelRatio: number): void {
    const clip = openClipOf(this.#session.state);
    if (clip) this.view.value = atScale(clip, this.size.peek(), 1 / pixelRatio);
  }

  zoom(factor: number, anchor?: Point): void {
    const clip = openClipOf(this.#session.state);
    const size = this.size.peek();
    const centre = { x: size.width / 2, y: size.height / 2 };
    if (clip) this.view.value = zoomAt(this.view.peek(), anchor ?? centre, factor, clip, size);
  }

  /** Shows what a click here would select; of many moves only the last is asked about. */
  hoverAt(point: Point | null): void {
    const clip = openClipOf(this.#session.state);
    const within =
      point && clip && point.x >= 0 && point.y >= 0 && point.x < clip.width && point.y < clip.height;
    this.#hoverNext = within ? point : null;
    if (!within) this.hover.value = null;
    else if (!this.#hovering) void this.#askHover();
  }

  async #askHover(): Promise<void> {
    this.#hovering = true;
    try {
      while (this.#hoverNext) {
        const { x, y } = this.#hoverNext;
        this.#hoverNext = null;
        if (!this.#preferences.hover.value || !this.#isWarm()) break;
        const result = await this.#session.prompts.preview({ x, y, label: 1 });
        const stillHere = result?.frameIndex === this.#session.state.frame.value;
        this.hover.value = stillHere ? result : null;
      }
    } finally {
      this.#hovering = false;
    }
  }

  #frameKey(): string | null {
    const clip = openClipOf(this.#session.state);
    const { model, frame } = this.#session.state;
    return clip && model.value.phase === "ready"
      ? `${clip.clipId} ${model.value.model.id} ${frame.value}`
      : null;
  }

  #isWarm(): boolean {
    return this.#warm !== null && this.#warm === this.#frameKey();
  }

  #followClip(): void {
    effect(() => {
      const clip = openClipOf(this.#session.state);
      this.frames.open(clip?.clipId ?? null);
      this.hover.value = null;
      this.crosshair.value = null;
      if (clip) this.fit();
    });
    effect(() => {
      const { frame, clip } = this.#session.state;
      void clip.value;
      this.hover.value = null;
      void this.frames.want(frame.value);
    });
    effect(() => {
      void this.#pictureWidth.value;
      void this.frames.want(this.#session.state.frame.peek());
    });
  }

  #warmResting(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    effect(() => {
      const key = this.#frameKey();
      const busy = this.#session.state.tracking.value.phase !== "idle" || this.playing.value;
      clearTimeout(timer);
      if (key && !busy && key !== this.#warm)
        timer = setTimeout(() => void this.#warmUp(key), REST_BEFORE_WARMING);
    });
  }

  async #warmUp(key: string): Promise<void> {
    const clip = openClipOf(this.#session.state);
    if (!clip || key !== this.#frameKey()) return;
    const outcome = await this.#session.tracker.warmFrame(clip.clipId, this.#session.state.frame.value);
    if (outcome.ok) this.#warm = key;
  }
}
