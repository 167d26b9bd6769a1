/** Where an object is visible: the scores' say and the person's, and how the person says it. No DOM. */
import type { VisibilityStretch } from "../../worker/visibility.ts";
import { visibilityStretches } from "../../worker/visibility.ts";
import {
  type FrameStretch,
  isWithin,
  switchedOff,
  type VisibilityWord,
  withWord,
} from "../../worker/visibility-overrides.ts";
import { usualConfidence } from "../review/review-list.ts";
import { objectOf, type TrackedObject, withObject } from "./document.ts";
import type { History } from "./history.ts";
import { openClipOf, type SessionState } from "./session-state.ts";

/** Predicted IoU; lower where the model is never that sure of this object. */
const SURE = 0.5;
const BELOW_USUAL = 0.8;

interface Judged {
  stretches: readonly VisibilityStretch[];
  hidden: readonly FrameStretch[];
}

/** Objects are replaced when anything about them changes. */
const judgedObjects = new WeakMap<TrackedObject, Judged>();

function judged(object: TrackedObject): Judged {
  const before = judgedObjects.get(object);
  if (before) return before;
  const records = [...object.records.values()];
  const confidentIou = Math.min(SURE, BELOW_USUAL * usualConfidence(records));
  const stretches = visibilityStretches(records, object.visibility, { confidentIou });
  const now = { stretches, hidden: switchedOff(stretches) };
  judgedObjects.set(object, now);
  return now;
}

export const stretchesOf = (object: TrackedObject) => judged(object).stretches;

/** Undefined where nothing is tracked. */
export const stretchAt = (object: TrackedObject, frame: number) =>
  stretchesOf(object).find(({ from, to }) => from <= frame && frame <= to);

/** The frames of `from` to `to` on which the object goes out empty. */
export const hiddenWithin = (object: TrackedObject, from: number, to: number): FrameStretch[] =>
  judged(object).hidden.filter((stretch) => stretch.from <= to && stretch.to >= from);

export const isHiddenAt = (object: TrackedObject, frame: number) => isWithin(judged(object).hidden, frame);

/** "frame 3" or "frames 3–7", counted from 1. */
export const framesInWords = ({ from, to }: FrameStretch) =>
  from === to ? `frame ${from + 1}` : `frames ${from + 1}–${to + 1}`;

const VERBS: Record<VisibilityWord, string> = {
  visible: "Visible on",
  hidden: "Hidden on",
  model: "As the model says on",
};

/** The person's word on the selected object: about the frame under the playhead, or a marked stretch. */
export class VisibilityWords {
  readonly #state: SessionState;
  readonly #history: History;

  constructor(state: SessionState, history: History) {
    this.#state = state;
    this.#history = history;
  }

  /** What the next word is about: from the mark to the playhead. */
  get stretch(): FrameStretch {
    const { mark, frame } = this.#state;
    const other = mark.value ?? frame.value;
    return { from: Math.min(other, frame.value), to: Math.max(other, frame.value) };
  }

  /** The other end of the stretch; null takes the mark away. */
  markAt(frame: number | null): void {
    this.#state.mark.value = frame;
  }

  toggleMark(): void {
    this.markAt(this.#state.mark.value === null ? this.#state.frame.value : null);
  }

  /** Marks the whole stretch of one state around the playhead, which goes to its end. */
  markStretch(): void {
    const { frame } = this.#state;
    const object = this.#selected();
    const stretch = object && stretchAt(object, frame.value);
    if (!stretch) return;
    this.markAt(stretch.from);
    frame.value = stretch.to;
  }

  say(word: VisibilityWord): void {
    const object = this.#selected();
    if (!openClipOf(this.#state) || !object || this.#refusesLocked(object)) return;
    const { stretch } = this;
    const visibility = withWord(object.visibility, stretch, word);
    this.markAt(null);
    if (JSON.stringify(visibility) === JSON.stringify(object.visibility)) return;
    this.#history.edit(`${VERBS[word]} ${framesInWords(stretch)}`, (document) =>
      withObject(document, object.id, () => ({ visibility })),
    );
  }

  #refusesLocked({ locked, name }: TrackedObject): boolean {
    if (!locked) return false;
    const remedy = "Unlock it, or select another object.";
    this.#state.notice.value = { tone: "warning", message: `${name} is locked.`, remedy };
    return true;
  }

  #selected(): TrackedObject | undefined {
    return objectOf(this.#state.document.value, this.#state.selectedObjectId.value);
  }
}
