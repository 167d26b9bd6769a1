/** The mask path that would be written: traced by the worker, kept per place between faithful and sparse. No DOM. */
import { type Signal, signal } from "@preact/signals";
import { DEFAULT_SPARSITY, type PathsDocument, pathOptionsAt } from "../../worker/matte/path-types.ts";
import type { SessionDocument } from "../session/document.ts";
import { matteLayers } from "../session/exporting.ts";
import type { Session } from "../session/session.ts";
import { openClipOf, report } from "../session/session-state.ts";

/** What paths are traced from; another one makes those at hand outdated. */
type Source = Pick<SessionDocument, "objects" | "matte" | "inFrame" | "outFrame"> & {
  clipId: string;
  order: Order;
};

/** The clip's frames as a timeline shows them; null: one by one. See `pathOrder`. */
type Order = readonly number[] | null;

interface Traced {
  source: Source;
  bySparsity: ReadonlyMap<number, PathsDocument>;
}

export class MaskPaths {
  /** 0 (faithful) to 1 (sparse). */
  readonly sparsity: Signal<number> = signal(DEFAULT_SPARSITY);
  /** Whether the path is drawn over the picture. */
  readonly shown: Signal<boolean> = signal(true);
  readonly tracing: Signal<{ share: number; secondsLeft: number | null } | null> = signal<{
    share: number;
    secondsLeft: number | null;
  } | null>(null);
  readonly #traced: Signal<Traced | null> = signal<Traced | null>(null);
  readonly #session: Session;
  readonly #order: () => Order;
  #cancelled = false;

  constructor(session: Session, order: () => Order = () => null) {
    this.#session = session;
    this.#order = order;
  }

  /** What the document's frame numbers count. */
  get order(): Order {
    return this.#order();
  }

  /** The document's number of a frame of the clip, the first one where it is shown again; -1 for none. */
  numberOf(clipFrame: number): number {
    return this.order ? this.order.indexOf(clipFrame) : clipFrame;
  }

  /** The clip's frame of a number of the document. */
  clipFrameOf(number: number): number {
    return this.order ? (this.order[number] ?? 0) : number;
  }

  /** For the present masks and place between faithful and sparse; null where it is not traced yet. */
  get document(): PathsDocument | null {
    return this.#kept()?.bySparsity.get(this.sparsity.value) ?? null;
  }

  /** Whether paths of these masks are at hand for any place: then another place follows by itself. */
  get begun(): boolean {
    return this.#kept() !== null;
  }

  #kept(): Traced | null {
    const source = this.#source();
    const traced = this.#traced.value;
    return source && traced && isSame(source, traced.source) ? traced : null;
  }

  #source(): Source | null {
    const { state } = this.#session;
    const clip = openClipOf(state);
    const { objects, matte, inFrame, outFrame } = state.document.value;
    return clip && { objects, matte, inFrame, outFrame, clipId: clip.clipId, order: this.order };
  }

  /** Traces what is not at hand; a later call goes on with what the slider says then. */
  async trace(): Promise<void> {
    if (this.tracing.value) return;
    this.#cancelled = false;
    try {
      while (!this.document && !this.#cancelled) if (!(await this.#traceOnce())) return;
    } finally {
      this.tracing.value = null;
    }
  }

  async #traceOnce(): Promise<boolean> {
    const source = this.#source();
    const sparsity = this.sparsity.value;
    if (!source) return false;
    const { inFrame: from, outFrame: to } = source;
    const layers = matteLayers(this.#session.state.document.value, from, to);
    if (layers.length === 0) return false;
    const request = {
      layers,
      from,
      to,
      format: "paths",
      content: "matte",
      grouping: "merged",
      settings: { ...source.matte },
      paths: pathOptionsAt(sparsity),
      ...(source.order && { order: source.order }),
    } as const;
    this.tracing.value = { share: 0, secondsLeft: null };
    let text: Promise<string> | null = null;
    const outcome = await this.#session.tracker.exportMatte(
      source.clipId,
      request,
      ({ bytes }) => {
        text = bytes.text();
      },
      ({ doneFrames, totalFrames, secondsLeft }) => {
        this.tracing.value = { share: doneFrames / totalFrames, secondsLeft };
        // The stop may have met another call that ran before this one.
        if (this.#cancelled) void this.#session.tracker.stop();
      },
    );
    if (!outcome.ok) report(this.#session.state, outcome.error);
    if (!outcome.ok || !text) return false;
    this.#keep(source, sparsity, JSON.parse(await text) as PathsDocument);
    return true;
  }

  #keep(source: Source, sparsity: number, document: PathsDocument): void {
    const before = this.#traced.value;
    const others = before && isSame(before.source, source) ? before.bySparsity : [];
    this.#traced.value = { source, bySparsity: new Map([...others, [sparsity, document]]) };
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    await this.#session.tracker.stop();
  }
}

function isSame(a: Source, b: Source): boolean {
  return (
    a.objects === b.objects &&
    a.matte === b.matte &&
    a.inFrame === b.inFrame &&
    a.outFrame === b.outFrame &&
    a.clipId === b.clipId &&
    a.order === b.order
  );
}
