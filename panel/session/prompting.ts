/** Points, boxes and painted masks: what a person says about an object on a frame. No DOM. */
import { effect } from "@preact/signals";
import { nextAlternative } from "../../worker/alternatives.ts";
import type {
  BoxPrompt,
  FramePrompts,
  FrameResult,
  Mask,
  PointPrompt,
  TrackerApi,
} from "../../worker/protocol.ts";
import {
  hasPrompts,
  NO_PROMPTS,
  newObject,
  objectOf,
  outdated,
  promptsAt,
  type TrackedObject,
  withEntry,
  withObject,
} from "./document.ts";
import type { History } from "./history.ts";
import { openClipOf, report, type SessionState } from "./session-state.ts";

/** Clicks nearer to the frame's edge than this would fall outside after rounding; pixels. */
const EDGE = 0.01;

export class Prompting {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  readonly #history: History;
  /** Ends a running track first, because the tracker answers one thing at a time. */
  readonly #settle: () => Promise<void>;

  constructor(state: SessionState, tracker: TrackerApi, history: History, settle: () => Promise<void>) {
    this.#state = state;
    this.#tracker = tracker;
    this.#history = history;
    this.#settle = settle;
  }

  addPoint(point: PointPrompt): Promise<void> {
    const label = point.label === 1 ? "Add point" : "Add excluding point";
    return this.#change(label, (prompts) => {
      const { mask: _painted, ...rest } = prompts;
      return { ...rest, points: [...prompts.points, this.#inside(point)] };
    });
  }

  movePoint(index: number, to: { x: number; y: number }): Promise<void> {
    return this.#change("Move point", (prompts) => ({
      ...prompts,
      points: prompts.points.map((point, at) => (at === index ? this.#inside({ ...point, ...to }) : point)),
    }));
  }

  /** Turns an including point into an excluding one and back. */
  flipPoint(index: number): Promise<void> {
    return this.#change("Flip point", (prompts) => ({
      ...prompts,
      points: prompts.points.map((point, at) =>
        at === index ? { ...point, label: point.label === 1 ? 0 : 1 } : point,
      ),
    }));
  }

  removePoint(index: number): Promise<void> {
    return this.#change("Delete point", (prompts) => ({
      ...prompts,
      points: prompts.points.filter((_, at) => at !== index),
    }));
  }

  /** The next of the masks that the frame's last click can mean: a part, the whole, and round again. */
  async otherMask(): Promise<void> {
    const { frame, notice } = this.#state;
    if (promptsAt(this.#selected(), frame.value).points.length > 0)
      return this.#change("Other mask", otherMaskOf);
    notice.value = {
      tone: "info",
      message: "Other masks are those of a click, and the selected object has none on this frame.",
      remedy: "Click on the object first.",
    };
  }

  setBox(box: BoxPrompt | null): Promise<void> {
    return this.#change(box ? "Draw box" : "Delete box", ({ mask: _painted, box: _old, ...rest }) =>
      box ? { ...rest, box: this.#ordered(box) } : rest,
    );
  }

  /** A painted mask takes the place of points and box, as in SAM 2. */
  setMask(mask: Mask): Promise<void> {
    return this.#change("Paint mask", () => ({ points: [], mask }));
  }

  clearFrame(): Promise<void> {
    return this.#change("Clear prompts", () => NO_PROMPTS);
  }

  /** What a click would select; null when it can't be said just now. Changes nothing. */
  async preview(point: PointPrompt): Promise<FrameResult | null> {
    const { tracking, answering, frame, model } = this.#state;
    const clip = openClipOf(this.#state);
    const busy = tracking.value.phase !== "idle" || answering.value > 0 || model.value.phase !== "ready";
    if (!clip || busy) return null;
    const object = this.#selected();
    if (object?.locked) return null;
    const id = object?.id ?? this.#state.document.value.nextObjectId;
    const current = promptsAt(object, frame.value);
    const outcome = await this.#tracker.previewClick(
      clip.clipId,
      id,
      frame.value,
      this.#inside(point),
      current,
    );
    return outcome.ok ? outcome.value : null;
  }

  #selected(): TrackedObject | undefined {
    return objectOf(this.#state.document.value, this.#state.selectedObjectId.value);
  }

  async #change(label: string, change: (prompts: FramePrompts) => FramePrompts): Promise<void> {
    if (this.#refused()) return;
    this.#state.answering.value++;
    try {
      const frame = this.#state.frame.value;
      await this.#settle();
      if (!(await modelReady(this.#state))) return;
      await this.#history.act(label, () => this.#say(frame, change));
    } finally {
      this.#state.answering.value--;
    }
  }

  #refused(): boolean {
    const { model, notice } = this.#state;
    const refuse = (message: string, remedy: string) => {
      notice.value = { tone: "warning", message, remedy };
      return true;
    };
    if (!openClipOf(this.#state)) return refuse("No clip is open.", "Open a video first.");
    if (model.value.phase === "failed") return refuse("No model is loaded.", "Choose one at the top right.");
    const object = this.#selected();
    if (object?.locked) return refuse(`${object.name} is locked.`, "Unlock it, or select another object.");
    return false;
  }

  async #say(frame: number, change: (prompts: FramePrompts) => FramePrompts): Promise<void> {
    const clip = openClipOf(this.#state);
    if (!clip) return;
    const object = this.#selected() ?? newObject(this.#state.document.value.nextObjectId);
    const prompts = change(promptsAt(object, frame));
    const noticeBefore = this.#state.notice.value;
    const say = () => this.#tracker.setPrompts(clip.clipId, object.id, frame, prompts);
    let outcome = await say();
    if (!outcome.ok) report(this.#state, outcome.error);
    // The session goes on without the device; what was asked when it went is asked once more.
    if (!outcome.ok && outcome.error.code === "device-lost" && (await modelReady(this.#state)))
      outcome = await say();
    if (!outcome.ok) return;
    const stretch = await this.#tracker.affectedStretch(clip.clipId, object.id, frame);
    this.#keep(object, frame, prompts, outcome.value, stretch);
    if (this.#state.notice.value === noticeBefore) this.#state.notice.value = null;
  }

  #keep(
    object: TrackedObject,
    frame: number,
    prompts: FramePrompts,
    result: FrameResult | null,
    stretch: { from: number; to: number } | null,
  ): void {
    let document = this.#state.document.value;
    if (!objectOf(document, object.id)) {
      const nextObjectId = Math.max(document.nextObjectId, object.id + 1);
      document = { ...document, objects: [...document.objects, object], nextObjectId };
    }
    const record = result && { ...result, direction: 0 as const, agreement: null, staleSince: null };
    this.#state.document.value = withObject(document, object.id, (before) => {
      const records = withEntry(before.records, frame, record);
      return {
        prompts: withEntry(before.prompts, frame, hasPrompts(prompts) ? prompts : null),
        records: stretch ? outdated(records, frame, stretch.from, stretch.to) : records,
      };
    });
    this.#state.selectedObjectId.value = object.id;
  }

  #inside<P extends { x: number; y: number }>(point: P): P {
    const clip = openClipOf(this.#state);
    if (!clip) return point;
    const within = (value: number, size: number) => Math.min(size - EDGE, Math.max(0, value));
    return { ...point, x: within(point.x, clip.width), y: within(point.y, clip.height) };
  }

  #ordered(box: BoxPrompt): BoxPrompt {
    const from = this.#inside({ x: Math.min(box.x0, box.x1), y: Math.min(box.y0, box.y1) });
    const to = this.#inside({ x: Math.max(box.x0, box.x1), y: Math.max(box.y0, box.y1) });
    return { x0: from.x, y0: from.y, x1: to.x, y1: to.y };
  }
}

function otherMaskOf(prompts: FramePrompts): FramePrompts {
  const last = prompts.points.at(-1);
  if (!last) return prompts;
  const { alternative = 0, ...point } = last;
  const next = nextAlternative(alternative);
  const other: PointPrompt = next === 0 ? point : { ...point, alternative: next };
  return { ...prompts, points: [...prompts.points.slice(0, -1), other] };
}

/** A click may come before the model: it waits for it. False where the model fails to load. */
function modelReady({ model }: SessionState): Promise<boolean> {
  return new Promise((resolve) => {
    const dispose = effect(() => {
      const { phase } = model.value;
      if (phase !== "ready" && phase !== "failed") return;
      resolve(phase === "ready");
      queueMicrotask(() => dispose());
    });
  });
}
