/** The host's timeline: opens its selected clip and writes mattes back to it. No DOM. */
import { type Signal, signal } from "@preact/signals";
import { decodeBase64, encodeBase64 } from "../../plugin/bridge/base64.ts";
import { matteFolderName } from "../../plugin/matte-names.ts";
import type {
  ClipSelection,
  HostApi,
  HostDescription,
  HostFailure,
  HostOutcome,
  PlanReport,
  SelfCheckReport,
} from "../../plugin/protocol.ts";
import { timelineFrames } from "../../plugin/timeline-map.ts";
import type { PathsDocument } from "../../worker/matte/path-types.ts";
import type { ClipInfo, ExportProgress, MatteFile } from "../../worker/protocol.ts";
import type { Session } from "../session/session.ts";
import { type Notice, openClipOf } from "../session/session-state.ts";
import { type HostClip, type HostMatte, hostMatte, shownFrames, type WriteKind } from "./host-matte.ts";
import { pathOrder, planPaths } from "./host-paths.ts";
import { serveRanges } from "./range-server.ts";

export type HostTimelineState =
  | { phase: "idle" }
  | { phase: "reading"; doneFrames: number; totalFrames: number }
  | { phase: "writing"; doneFiles: number; totalFiles: number }
  /** Keyframes that the host has, of all; 0 of 0 where it is one step. */
  | { phase: "placing"; done: number; total: number }
  | { phase: "written"; report: PlanReport; kind: WriteKind | "mask-paths" }
  | { phase: "checking" }
  | { phase: "checked"; report: SelfCheckReport };

/** Wide enough for every model's input; a host renders larger ones more slowly. */
const STILL_WIDTH = 1024;
/** More stills than this would not fit in the page's memory. */
const MAX_STILLS = 900;
/** Bytes of a file that cross to the host in one call. */
const PART_BYTES = 4 * 1024 * 1024;

/** A failure that has words for the person already. */
class TimelineError extends Error {
  readonly failure: HostFailure;
  constructor(failure: HostFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function isBusy({ phase }: HostTimelineState): boolean {
  return phase === "reading" || phase === "writing" || phase === "placing" || phase === "checking";
}

export class HostTimeline {
  readonly state: Signal<HostTimelineState> = signal({ phase: "idle" });
  readonly clip: Signal<HostClip | null> = signal(null);
  /** Null until the first clip is opened. */
  readonly description: Signal<HostDescription | null> = signal(null);
  /** Where mattes are written; null before that is known, or where they have no place yet. */
  readonly folder: Signal<string | null> = signal(null);
  /** Whether mattes are written as ProRes 4444, where the tracker can. */
  readonly asMovie: Signal<boolean> = signal(false);
  /** Length of a fade where the object comes and goes, frames of the matte. */
  readonly fadeFrames: Signal<number> = signal(0);
  #pathOrder: readonly number[] | null = null;
  readonly #host: HostApi;
  readonly #session: Session;
  readonly #trackerWritesMovies: () => boolean;
  #cancelled = false;

  /** `trackerWritesMovies`: whether it has the disk, and an encoder for ProRes, at the moment. */
  constructor(host: HostApi, session: Session, trackerWritesMovies: () => boolean = () => false) {
    this.#host = host;
    this.#session = session;
    this.#trackerWritesMovies = trackerWritesMovies;
  }

  /** Opens what is selected in the host: its file, or else the frames that the host renders. */
  openSelection(): Promise<boolean> {
    return this.#guard(async () => {
      // A host that can't describe itself says why when it is asked for the selection.
      this.description.value = await this.#host.describe().catch(() => null);
      const selection = unwrap(await this.#host.readSelection());
      await this.#readFolder();
      try {
        return await this.#openEither(selection);
      } finally {
        this.#session.endOpening();
      }
    });
  }

  async #openEither(selection: ClipSelection): Promise<boolean> {
    const problem = await this.#openFile(selection);
    const opened = problem === null || (await this.#openStills(selection).catch(addingTo(problem)));
    if (opened) this.#say([problem, problem && RENDERED, ...selection.notes].filter(isSaid));
    return opened;
  }

  /** Null once it is open. Else why its file can't serve, in words; none where there is no file: the notes say why. */
  async #openFile(selection: ClipSelection): Promise<string | null> {
    const { mediaPath, mediaBytes, name } = selection;
    if (mediaPath === null || mediaBytes === null) return "";
    const port = serveRanges(this.#host, selection.clipId);
    const failure = await this.#session.tryClip({
      kind: "ranges",
      port,
      bytes: mediaBytes,
      name,
      path: mediaPath,
    });
    if (failure) return failure.message;
    // From here on the clip of before is no longer the one in the viewer.
    this.clip.value = null;
    if (isTurned(selection, openClipOf(this.#session.state))) return TURNED;
    this.#enter({ selection, route: "media" });
    return null;
  }

  /** Work on what the timeline shows, beginning with the frame under the player. */
  #enter(clip: HostClip): void {
    this.clip.value = clip;
    const info = openClipOf(this.#session.state);
    if (!info) return;
    this.#pathOrder = pathOrder(clip, info);
    const { from, to, playhead } = shownFrames(clip, info);
    const { document } = this.#session.state;
    document.value = { ...document.value, inFrame: from, outFrame: to };
    this.#session.goTo(playhead);
  }

  async #openStills(selection: ClipSelection): Promise<boolean> {
    const { count } = timelineFrames(selection);
    if (count > MAX_STILLS) throw new TimelineError(tooLong(count));
    const blobs = await this.#readStills(selection.clipId, count);
    const rate = selection.timeline?.rate ?? selection.rate;
    const framesPerSecond = rate.numerator / rate.denominator;
    const opened = await this.#session.openClip({
      kind: "stills",
      blobs,
      name: selection.name,
      framesPerSecond,
    });
    if (opened) this.#enter({ selection, route: "stills" });
    return opened;
  }

  async #readStills(clipId: string, count: number): Promise<Blob[]> {
    const blobs: Blob[] = [];
    try {
      for (let frame = 0; frame < count; frame++) {
        this.state.value = { phase: "reading", doneFrames: frame, totalFrames: count };
        if (this.#cancelled) throw new TimelineError(CANCELLED);
        blobs.push(blobOf(unwrap(await this.#host.renderStill(clipId, frame, STILL_WIDTH))));
      }
      this.state.value = { phase: "reading", doneFrames: count, totalFrames: count };
    } finally {
      await this.#host.releaseStills?.();
    }
    return blobs;
  }

  /** What paths of the open clip count, see `pathOrder`; null where they count its own frames. */
  get pathOrder(): readonly number[] | null {
    return this.clip.value && this.#pathOrder;
  }

  /** Writes a mask path, traced in the order of `pathOrder`. */
  writePaths(paths: PathsDocument): Promise<boolean> {
    return this.#guard(async () => {
      const info = openClipOf(this.#session.state);
      const clip = this.clip.value;
      if (!info || !clip) throw new TimelineError(NO_CLIP);
      if (paths.tracks.length === 0) throw new TimelineError(NO_MASK);
      const plan = planPaths(clip, info, this.#session.state.document.value, paths, this.#pathOrder);
      this.state.value = { phase: "placing", done: 0, total: 0 };
      const report = unwrap(
        await this.#host.carryOut(plan, {
          progress: (done, total) => {
            this.state.value = { phase: "placing", done, total };
          },
          isStopped: () => this.#cancelled,
        }),
      );
      this.state.value = { phase: "written", report, kind: "mask-paths" };
      return true;
    });
  }

  /** Writes the files, then the timeline. Where that can't take a track matte, the other ways are offered. */
  write(kind: WriteKind): Promise<boolean> {
    return this.#guard(() => this.#write(kind), kind === "track-matte" ? this.#otherWays : {});
  }

  async #write(kind: WriteKind): Promise<boolean> {
    const info = openClipOf(this.#session.state);
    const clip = this.clip.value;
    if (!info || !clip) throw new TimelineError(NO_CLIP);
    const matte = hostMatte(clip, info, this.#session.state.document.value, {
      kind,
      fadeFrames: this.fadeFrames.value,
      asMovie: this.asMovie.value && this.canWriteMovies,
    });
    if (matte.request.layers.length === 0) throw new TimelineError(NO_MASK);
    const firstFile = await (matte.isMovie
      ? this.#writeMovie(info.clipId, clip, matte)
      : this.#writeFiles(info.clipId, clip, matte));
    this.state.value = { phase: "placing", done: 0, total: 0 };
    const report = unwrap(await this.#host.carryOut(matte.plan(firstFile)));
    this.state.value = { phase: "written", report, kind };
    return true;
  }

  readonly #otherWays = {
    action: { label: "Write a cut-out", run: () => this.#writeInstead("cut-out") },
    otherAction: { label: "Only import", run: () => this.#writeInstead("import-only") },
  };

  #writeInstead(kind: WriteKind): void {
    this.#session.state.notice.value = null;
    void this.write(kind);
  }

  async #writeFiles(clipId: string, { selection }: HostClip, matte: HostMatte): Promise<string> {
    const folder = matteFolderName(selection.name, matte.objectName, new Date());
    let firstFile: string | null = null;
    let doneFiles = 0;
    const onFile = async ({ path, bytes }: MatteFile) => {
      const content = new Uint8Array(await bytes.arrayBuffer());
      for (const name of matte.names.get(frameOf(path)) ?? []) {
        const place = await this.#writeFile(`${folder}/${name}`, content);
        if (FIRST_STILL.test(name)) firstFile = place;
        this.state.value = { phase: "writing", doneFiles: ++doneFiles, totalFiles: matte.fileCount };
      }
    };
    this.state.value = { phase: "writing", doneFiles: 0, totalFiles: matte.fileCount };
    const outcome = await this.#session.tracker.exportMatte(clipId, matte.request, onFile, () => {});
    if (!outcome.ok) throw new TimelineError({ ...outcome.error, code: "internal" });
    if (this.#cancelled) throw new TimelineError(CANCELLED);
    if (firstFile === null || doneFiles < matte.fileCount) throw new TimelineError(INCOMPLETE);
    return firstFile;
  }

  async #writeMovie(clipId: string, { selection }: HostClip, matte: HostMatte): Promise<string> {
    const name = matteFolderName(selection.name, matte.objectName, new Date());
    const folder = `${unwrap(await this.#matteFolder())}/${name}`;
    const onProgress = ({ doneFrames, totalFrames }: ExportProgress) => {
      this.state.value = { phase: "writing", doneFiles: doneFrames, totalFiles: totalFrames };
    };
    this.state.value = { phase: "writing", doneFiles: 0, totalFiles: matte.fileCount };
    const request = { ...matte.request, folder };
    const outcome = await this.#session.tracker.exportMatte(clipId, request, () => {}, onProgress);
    if (!outcome.ok) throw new TimelineError({ ...outcome.error, code: "internal" });
    if (this.#cancelled) throw new TimelineError(CANCELLED);
    return `${folder}/matte.mov`;
  }

  /** In parts, each small enough for one message to the host. */
  async #writeFile(path: string, content: Uint8Array): Promise<string> {
    let place = "";
    for (let from = 0; from === 0 || from < content.length; from += PART_BYTES) {
      const part = encodeBase64(content.subarray(from, from + PART_BYTES));
      place = unwrap(await this.#host.writeFile(path, part, from > 0)).absolutePath;
    }
    return place;
  }

  get takesPaths(): boolean {
    const abilities = this.description.value?.abilities ?? [];
    return abilities.some(({ ability, available }) => ability === "mask-path" && available);
  }

  get canWriteMovies(): boolean {
    return this.#trackerWritesMovies() && this.#host.matteFolder !== undefined;
  }

  get canChooseFolder(): boolean {
    return this.#host.chooseMatteFolder !== undefined;
  }

  /** The host asks the person, and remembers it; false where they chose none. */
  chooseFolder(): Promise<boolean> {
    return this.#guard(async () => {
      const outcome = await this.#host.chooseMatteFolder?.();
      const chosen = outcome ? unwrap(outcome) : null;
      if (chosen !== null) await this.#readFolder();
      return chosen !== null;
    });
  }

  /** Where there is none yet, writing says why. */
  async #readFolder(): Promise<void> {
    const outcome = await this.#matteFolder();
    this.folder.value = outcome.ok ? outcome.value : null;
  }

  #matteFolder(): Promise<HostOutcome<string>> {
    return this.#host.matteFolder?.() ?? Promise.resolve({ ok: false, error: NO_CLIP });
  }

  get canCheck(): boolean {
    return this.#host.selfCheck !== undefined;
  }

  /** Changes the selected clip and restores it; see `HostApi.selfCheck`. */
  check(): Promise<boolean> {
    return this.#guard(async () => {
      this.state.value = { phase: "checking" };
      const outcome = await this.#host.selfCheck?.();
      if (!outcome) return false;
      this.state.value = { phase: "checked", report: unwrap(outcome) };
      return true;
    });
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    await this.#session.tracker.stop();
  }

  /** One thing at a time; a failure becomes a notice and leaves the session as it is. */
  async #guard(work: () => Promise<boolean>, ifRefused: Pick<Notice, "action" | "otherAction"> = {}) {
    if (isBusy(this.state.value)) return false;
    this.#cancelled = false;
    try {
      const done = await work();
      if (isBusy(this.state.value)) this.state.value = { phase: "idle" };
      return done;
    } catch (error) {
      this.state.value = { phase: "idle" };
      this.#tell(error, ifRefused);
      return false;
    }
  }

  #tell(error: unknown, ifRefused: Pick<Notice, "action" | "otherAction">): void {
    const { notice } = this.#session.state;
    if (!(error instanceof TimelineError)) throw error;
    const { code, message, remedy } = error.failure;
    const offers = code === "refused" ? ifRefused : {};
    if (code !== "cancelled") notice.value = { tone: "error", message, remedy, ...offers };
    else if (remedy !== "") notice.value = { tone: "info", message, remedy };
  }

  #say(notes: readonly string[]): void {
    if (notes.length === 0) return;
    this.#session.state.notice.value = { tone: "info", message: notes.join(" "), remedy: "" };
  }
}

/** Upright in one place and lying in the other; nearly square pictures say nothing. */
function isTurned({ width, height, pixelAspect }: ClipSelection, info: ClipInfo | null): boolean {
  if (!info || width === 0 || height === 0) return false;
  const there = (width * pixelAspect.numerator) / (height * pixelAspect.denominator);
  const here = info.width / info.height;
  return Math.max(there, here) > 1.05 && Math.min(there, here) < 0.95;
}

function unwrap<T>(outcome: HostOutcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new TimelineError(outcome.error);
}

const isSaid = (words: string | null): words is string => words !== null && words !== "";

/** The file's problem goes before what became of the other way. */
const addingTo = (problem: string) => (error: unknown) => {
  if (!(error instanceof TimelineError) || problem === "") throw error;
  throw new TimelineError({ ...error.failure, message: `${problem} ${error.failure.message}` });
};

const RENDERED = "The host renders its frames instead, which is slower.";
/** Then only the host's own frames fit what is written. */
const TURNED = "The file's picture is turned otherwise than the host shows it.";

/** "00012.png", whatever the folder. */
function frameOf(path: string): number {
  return Number(/(\d+)\.\w+$/.exec(path)?.[1] ?? Number.NaN);
}

const FIRST_STILL = /^0+\./;

function blobOf({ mimeType, base64 }: { mimeType: string; base64: string }): Blob {
  return new Blob([decodeBase64(base64)], { type: mimeType });
}

const CANCELLED: HostFailure = { code: "cancelled", message: "Cancelled.", remedy: "" };
const NO_CLIP: HostFailure = {
  code: "no-selection",
  message: "No clip of the timeline is open.",
  remedy: "Select a clip on the timeline and open it here first.",
};
const NO_MASK: HostFailure = {
  code: "no-selection",
  message: "There is no mask to write.",
  remedy: "Track an object first, or show one that is hidden.",
};
const INCOMPLETE: HostFailure = {
  code: "partly-done",
  message: "The matte has fewer frames than the clip on the timeline.",
  remedy: "The timeline wasn't touched. Write again; if it stays, open the clip again.",
};

function tooLong(count: number): HostFailure {
  return {
    code: "not-supported",
    message: `The clip has ${count} frames and must be rendered by the host, which works up to ${MAX_STILLS}.`,
    remedy: "Cut the clip into shorter pieces, or render and replace it so that it has a file of its own.",
  };
}
