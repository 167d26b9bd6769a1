/** Writes mattes: which layers, which frames, where the files go. No DOM. */
import type { MatteFile, MatteFormat, MatteLayer, MatteRequest, TrackerApi } from "../../worker/protocol.ts";
import type { VisibilityRule } from "../../worker/visibility-overrides.ts";
import { type SessionDocument, type TrackedObject, visibleObjects } from "./document.ts";
import { openClipOf, report, type SessionState } from "./session-state.ts";
import { hiddenWithin } from "./visibility.ts";

export interface ExportChoice {
  format: MatteFormat;
  content: "matte" | "cutout";
  grouping: "merged" | "per-object";
  range: "clip" | "in-out";
  /** `treated`: as the matte section says. `exact`: the masks, pixel by pixel. */
  /** Of a cut-out. */
  alpha: "straight" | "premultiplied";
  /** Of H.264. */
  levels: "limited" | "full";
  edge: "treated" | "exact";
  /** `followed`: empty wherever the timeline says hidden. `masks`: every mask as the model gave it. */
  visibility: Exclude<VisibilityRule, "said">;
}

/** Takes files one by one; `finish` says in words where they are. */
export interface FileSink {
  write(file: MatteFile): Promise<void>;
  finish(): Promise<string>;
  abandon(): Promise<void>;
}

export class Exporting {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;

  constructor(state: SessionState, tracker: TrackerApi) {
    this.#state = state;
    this.#tracker = tracker;
  }

  async run(choice: ExportChoice, sink: FileSink): Promise<boolean> {
    const { exporting, document, notice } = this.#state;
    const clip = openClipOf(this.#state);
    const request = clip && matteRequest(document.value, choice, clip.frameCount);
    if (!clip || !request || exporting.value.phase === "writing") return false;
    if (request.layers.length === 0) {
      const remedy = "Track an object first, or show one that is hidden.";
      notice.value = { tone: "warning", message: "There is no mask to export.", remedy };
      return false;
    }
    exporting.value = {
      phase: "writing",
      doneFrames: 0,
      totalFrames: request.to - request.from + 1,
      secondsLeft: null,
      files: 0,
    };
    try {
      return await this.#write(clip.clipId, request, sink);
    } catch (error) {
      exporting.value = { phase: "idle" };
      const message = `The export stopped: ${error instanceof Error ? error.message : String(error)}`;
      notice.value = {
        tone: "error",
        message,
        remedy: "Check that the folder can be written and has space.",
      };
      await sink.abandon();
      return false;
    }
  }

  cancel(): Promise<void> {
    return this.#tracker.stop();
  }

  async #write(clipId: string, request: MatteRequest, sink: FileSink): Promise<boolean> {
    const { exporting } = this.#state;
    let files = 0;
    const onFile = async (file: MatteFile) => {
      await sink.write(file);
      files++;
    };
    const outcome = await this.#tracker.exportMatte(clipId, request, onFile, (progress) => {
      exporting.value = { phase: "writing", ...progress, files };
    });
    // A stop keeps what is done: those files are whole.
    if (!outcome.ok && outcome.error.code === "cancelled" && files > 0) {
      exporting.value = { phase: "done", files, where: `Stopped: ${await sink.finish()}` };
      return false;
    }
    if (!outcome.ok) {
      exporting.value = { phase: "idle" };
      report(this.#state, outcome.error);
      await sink.abandon();
      return false;
    }
    exporting.value = { phase: "done", files, where: await sink.finish() };
    return true;
  }
}

/** Masks of the visible objects that have any, in list order: the order decides what subtracts from what. */
function matteRequest(document: SessionDocument, choice: ExportChoice, frameCount: number): MatteRequest {
  const whole = choice.range === "clip";
  const from = whole ? 0 : document.inFrame;
  const to = whole ? frameCount - 1 : document.outFrame;
  const { format, content, grouping, alpha, levels, edge, visibility } = choice;
  const layers = matteLayers(document, from, to, visibility);
  const settings = edge === "treated" && format !== "rle" ? { settings: { ...document.matte } } : {};
  return { layers, from, to, format, content, grouping, alpha, range: levels, ...settings };
}

/** The shown objects' masks on frames `from` to `to`, off where the timeline says hidden. */
export const matteLayers = (
  document: SessionDocument,
  from: number,
  to: number,
  visibility: ExportChoice["visibility"] = "followed",
): MatteLayer[] =>
  visibleObjects(document)
    .map((object) => ({
      objectId: object.id,
      name: object.name,
      operation: object.operation,
      masks: masksOf(object, from, to),
      ...(visibility === "followed" && { hidden: hiddenWithin(object, from, to) }),
    }))
    .filter((layer) => layer.masks.length > 0);

const masksOf = (object: TrackedObject, from: number, to: number) =>
  [...object.records.values()]
    .filter(({ frameIndex }) => frameIndex >= from && frameIndex <= to)
    .sort((a, b) => a.frameIndex - b.frameIndex)
    .map(({ frameIndex, mask }) => ({ frameIndex, mask }));
