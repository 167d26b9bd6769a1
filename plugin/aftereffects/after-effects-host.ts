/** Runs in the CEP page: the host contract over ExtendScript calls and CEP's Node. */
import { decodeBase64, encodeBase64 } from "../bridge/base64.ts";
import { type EditPlan, fingerprint, type MaskPath } from "../edit-plan.ts";
import type {
  ClipSelection,
  HostApi,
  HostDescription,
  HostFailure,
  HostOutcome,
  PlanReport,
  SelfCheckReport,
  WriteWatch,
} from "../protocol.ts";
import { completeStillType } from "../still-file.ts";
import type { CallAnswer, CallName, Calls, HostFacts, LayerFacts } from "./calls.ts";
import type { NodeFiles, ScriptCalls } from "./cep.ts";
import { readFindings, storeFindings } from "./findings.ts";
import { shownCompFrames } from "./layer-timing.ts";
import { sequencePictures } from "./picture-sequence.ts";
import {
  commitCall,
  FIRST_PIECE_KEYS,
  FIRST_PIECE_SAMPLES,
  layerOf,
  pieceSize,
  placeCall,
  stagePiece,
} from "./plan-calls.ts";
import { selectionOf } from "./selection.ts";
import { type CheckLine, checkHost } from "./self-check.ts";
import { secondsOfSourceFrame, sourceFrameOf } from "./still-time.ts";

export interface AfterEffectsSurroundings {
  calls: ScriptCalls;
  files: NodeFiles;
  /** Folder of the panel's own data; exists. */
  dataFolder: string;
  /** Milliseconds between two looks at a still that is being written. */
  pollMilliseconds: number;
  /** Looks before a still counts as never written. */
  pollCount: number;
  /** What the page itself can do, for the self-check; absent where nothing can be asked. */
  pageCheck?(): Promise<CheckLine[]>;
}

/** An expected failure; crosses as data. */
class Refusal extends Error {
  readonly failure: HostFailure;
  constructor(code: HostFailure["code"], message: string, remedy: string) {
    super(message);
    this.failure = { code, message, remedy };
  }
}

/** The layer that was read last. */
interface OpenLayer {
  selection: ClipSelection;
  facts: LayerFacts;
  /** Of an image sequence whose files the panel can read, by source frame. */
  pictures: string[] | null;
  /** The last one that was asked for: slowed and held frames are asked for again. */
  lastStill: { frame: number; still: Still } | null;
}

interface Still {
  mimeType: string;
  base64: string;
}

const STOPPED = new Refusal(
  "cancelled",
  "Stopped; the layer is as it was.",
  "Write the same mask again to go on from here.",
);
const UNSTAGED = new Refusal(
  "internal",
  "After Effects lost keyframes while it took them; the layer is as it was.",
  "Write the mask again.",
);

export class AfterEffectsHost implements HostApi {
  readonly #with: AfterEffectsSurroundings;
  #open: OpenLayer | null = null;
  #stills = 0;

  constructor(surroundings: AfterEffectsSurroundings) {
    this.#with = surroundings;
  }

  async describe(): Promise<HostDescription> {
    const facts = await this.#do("describe", null);
    const abilities = abilitiesOf(facts, await this.#do("mayWriteFiles", null));
    return { name: "aftereffects", version: facts.version, abilities };
  }

  readSelection(): Promise<HostOutcome<ClipSelection>> {
    return this.#outcome(async () => {
      // What a panel that was closed in the middle may have left.
      await this.#do("removeStills", null);
      const facts = await this.#do("readLayer", null);
      const remap = facts.remapped ? await this.#sampleRemap(facts) : null;
      const isMovie = facts.file !== null && !facts.sequence && !facts.still;
      const bytes = isMovie ? this.#with.files.statSync(facts.file ?? "").size : null;
      const { version } = await this.#do("describe", null);
      const found = readFindings(this.#with.files, this.#with.dataFolder, version);
      const selection = selectionOf(facts, remap, bytes, found.reversedShowsFrameBefore ?? true);
      this.#open = { selection, facts, pictures: sequencePictures(this.#with.files, facts), lastStill: null };
      return selection;
    });
  }

  async #sampleRemap(facts: LayerFacts): Promise<number[]> {
    const { first, count } = shownCompFrames(facts);
    const times: number[] = [];
    let size = FIRST_PIECE_SAMPLES;
    while (times.length < count) {
      const piece = { first: first + times.length, count: Math.min(size, count - times.length) };
      const answer = await this.#do("sampleRemap", { layer: facts, ...piece });
      times.push(...answer.times);
      size = pieceSize(size, answer.milliseconds);
    }
    return times;
  }

  readMedia(clipId: string, offset: number, length: number): Promise<HostOutcome<string>> {
    return this.#outcome(async () => {
      const path = this.#opened(clipId).selection.mediaPath;
      if (path === null) {
        throw new Refusal(
          "offline-media",
          "The layer has no media file to read.",
          "Use frames rendered by After Effects.",
        );
      }
      return encodeBase64(readRange(this.#with.files, path, offset, length));
    });
  }

  renderStill(clipId: string, frameIndex: number, maxWidth: number): Promise<HostOutcome<Still>> {
    return this.#outcome(async () => {
      const open = this.#opened(clipId);
      const frame = sourceFrameOf(open.selection, open.facts, frameIndex);
      if (open.lastStill?.frame === frame) return open.lastStill.still;
      const picture = this.#wholePicture(open.pictures?.[frame]);
      const still = picture ?? (await this.#renderedStill(open.selection, frame, maxWidth));
      open.lastStill = { frame, still };
      return still;
    });
  }

  async #renderedStill(selection: ClipSelection, frame: number, maxWidth: number): Promise<Still> {
    const file = `${this.#with.dataFolder}/still-${this.#stills++}.png`;
    const time = secondsOfSourceFrame(selection, frame);
    // One of a panel that was closed in the middle would pass for this one.
    this.#with.files.rmSync(file, { force: true });
    try {
      await this.#do("saveStill", { layer: layerOf(selection.clipId), maxWidth, time, file });
      return await this.#completeStill(file);
    } catch (error) {
      await this.#do("removeStills", null);
      throw error;
    } finally {
      this.#with.files.rmSync(file, { force: true });
    }
  }

  releaseStills(): Promise<HostOutcome<null>> {
    return this.#outcome(() => this.#do("removeStills", null));
  }

  /** After Effects answers before the file is whole. */
  async #completeStill(file: string): Promise<Still> {
    const { pollCount, pollMilliseconds } = this.#with;
    for (let look = 0; look < pollCount; look++) {
      const picture = this.#wholePicture(file);
      if (picture) return picture;
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    }
    const mayWriteFiles = await this.#do("mayWriteFiles", null);
    throw new Refusal(
      "timeout",
      "After Effects said that it saved a frame, and no whole picture came.",
      mayWriteFiles ? "Check the disk's free space, or use a layer with a media file." : `${ALLOW_SCRIPTS}.`,
    );
  }

  /** Null where the file isn't there, or not to its end. */
  #wholePicture(file: string | undefined): Still | null {
    if (file === undefined || !this.#with.files.existsSync(file)) return null;
    const bytes = this.#with.files.readFileSync(file);
    const mimeType = completeStillType(bytes);
    return mimeType && { mimeType, base64: encodeBase64(bytes) };
  }

  writeFile(path: string, base64: string, append: boolean): Promise<HostOutcome<{ absolutePath: string }>> {
    return this.#outcome(async () => {
      const absolutePath = `${await this.#matteFolder()}/${insidePath(path)}`;
      this.#write(absolutePath, decodeBase64(base64), append ? "a" : "w");
      return { absolutePath };
    });
  }

  matteFolder(): Promise<HostOutcome<string>> {
    return this.#outcome(() => this.#matteFolder());
  }

  /** Beside the project, so that it moves with it. */
  async #matteFolder(): Promise<string> {
    const { projectFolder } = await this.#do("describe", null);
    if (projectFolder !== null) return `${projectFolder}/Masklet`;
    throw new Refusal(
      "storage",
      "The project is not saved yet, so mattes have no place beside it.",
      "Save the project, then write again.",
    );
  }

  carryOut(plan: EditPlan, watch?: WriteWatch): Promise<HostOutcome<PlanReport>> {
    return this.#outcome(async () => {
      const clipStart = this.#opened(plan.clipId).selection.start;
      const place = placeCall(plan, clipStart);
      const report = place
        ? await this.#do("placeMatte", place)
        : await this.#writePaths(plan, clipStart, watch);
      return { done: report.done, notDone: report.notDone };
    });
  }

  /**
   * Shapes are handed over in pieces that the host takes in its stride; the project changes at the end only.
   * After a stop they wait there, and writing the same again goes on with the next piece.
   */
  async #writePaths(
    plan: EditPlan,
    clipStart: string,
    watch?: WriteWatch,
  ): Promise<Calls["commitPaths"]["answer"]> {
    const stage = `stage-${fingerprint(JSON.stringify(plan))}`;
    const paths = plan.write.kind === "mask-paths" ? plan.write.paths : [];
    const total = paths.reduce((sum, { keyframes }) => sum + keyframes.length, 0);
    let done = 0;
    const staged = (await this.#do("stagedKeys", { stage })).keys;
    for (const [index, path] of paths.entries())
      await this.#stagePath({ stage, index, path, from: staged[index] ?? 0 }, clipStart, (keys) => {
        watch?.progress(done + keys, total);
        if (keys === path.keyframes.length) done += keys;
        if (watch?.isStopped()) throw STOPPED;
      });
    return this.#do("commitPaths", commitCall(stage, plan));
  }

  async #stagePath(
    { stage, index, path, from }: { stage: string; index: number; path: MaskPath; from: number },
    clipStart: string,
    onPiece: (keys: number) => void,
  ): Promise<void> {
    let size = FIRST_PIECE_KEYS;
    let staged = from;
    onPiece(staged);
    while (staged < path.keyframes.length) {
      const range = { from: staged, to: Math.min(staged + size, path.keyframes.length) };
      const answer = await this.#do("stagePathKeys", stagePiece(stage, index, path, range, clipStart));
      staged = answer.stagedKeys;
      if (staged !== range.to) throw UNSTAGED;
      size = pieceSize(range.to - range.from, answer.milliseconds);
      onPiece(staged);
    }
  }

  selfCheck(): Promise<HostOutcome<SelfCheckReport>> {
    return this.#outcome(async () => {
      const { version } = await this.#do("describe", null);
      const { files, dataFolder, pageCheck } = this.#with;
      const { lines, findings } = await checkHost({ ...this.#with, now: () => Date.now() }, version);
      storeFindings(files, dataFolder, findings);
      const report = { hostVersion: version, lines: [...((await pageCheck?.()) ?? []), ...lines] };
      this.#write(`${dataFolder}/self-check-report.json`, JSON.stringify(report, null, 2), "w");
      return report;
    });
  }

  storeSession(key: string, json: string): Promise<HostOutcome<null>> {
    return this.#outcome(async () => {
      const path = this.#sessionPath(key);
      this.#write(`${path}.new`, json, "w");
      this.#with.files.renameSync(`${path}.new`, path);
      return null;
    });
  }

  loadSession(key: string): Promise<HostOutcome<string | null>> {
    return this.#outcome(async () => {
      const path = this.#sessionPath(key);
      if (!this.#with.files.existsSync(path)) return null;
      return new TextDecoder().decode(this.#with.files.readFileSync(path));
    });
  }

  #sessionPath(key: string): string {
    return `${this.#with.dataFolder}/session-${encodeURIComponent(key)}.json`;
  }

  #write(path: string, data: Uint8Array | string, flag: "w" | "a"): void {
    try {
      this.#with.files.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      this.#with.files.writeFileSync(path, data, { flag });
    } catch (error) {
      throw new Refusal(
        "storage",
        `${path} can't be written: ${messageOf(error)}`,
        "Free some space on the disk, then write again.",
      );
    }
  }

  #opened(clipId: string): OpenLayer {
    if (this.#open?.selection.clipId === clipId) return this.#open;
    throw new Refusal(
      "no-selection",
      "Another layer was read meanwhile.",
      "Select the layer and read it again.",
    );
  }

  async #do<Name extends CallName>(
    name: Name,
    argument: Calls[Name]["argument"],
  ): Promise<Calls[Name]["answer"]> {
    const answer: CallAnswer<Calls[Name]["answer"]> = await this.#with.calls.call(name, argument);
    if (answer.ok) return answer.value;
    throw new Refusal(answer.error.code, answer.error.message, answer.error.remedy);
  }

  async #outcome<T>(work: () => Promise<T>): Promise<HostOutcome<T>> {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.failure };
      const remedy = "Close dialogues in After Effects and repeat the step.";
      return { ok: false, error: { code: "internal", message: messageOf(error), remedy } };
    }
  }
}

const ALLOW_SCRIPTS =
  'Switch on "Allow Scripts to Write Files and Access Network" in Preferences, Scripting & Expressions';

function abilitiesOf(facts: HostFacts, mayWriteFiles: boolean): HostDescription["abilities"] {
  const saved = facts.projectFolder !== null;
  const beside = saved ? "" : "save the project first: mattes are written beside it";
  const scripts = mayWriteFiles ? "" : ALLOW_SCRIPTS;
  return [
    { ability: "media-bytes", available: true, reason: "" },
    { ability: "frame-stills", available: mayWriteFiles, reason: scripts },
    { ability: "mask-path", available: true, reason: "" },
    { ability: "track-matte", available: saved, reason: beside },
    { ability: "cut-out", available: saved, reason: beside },
    { ability: "import-only", available: saved, reason: beside },
    { ability: "markers", available: true, reason: "" },
    { ability: "session-storage", available: true, reason: "" },
  ];
}

function readRange(files: NodeFiles, path: string, offset: number, length: number): Uint8Array {
  const file = files.openSync(path, "r");
  try {
    const buffer = new Uint8Array(length);
    return buffer.subarray(0, files.readSync(file, buffer, 0, length, offset));
  } finally {
    files.closeSync(file);
  }
}

/** The page sends names, never places. */
function insidePath(path: string): string {
  if (
    path.split(/[\\/]/).every((part) => part !== "" && part !== "." && part !== "..") &&
    !/^[a-z]:/i.test(path)
  )
    return path;
  throw new Refusal(
    "internal",
    `Matte file: expected a path below the matte folder, got ${JSON.stringify(path)}.`,
    "Report this with the name of the layer.",
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
