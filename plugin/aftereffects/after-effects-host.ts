/** Runs in the CEP page: the host contract over ExtendScript calls and CEP's Node. */
import { decodeBase64, encodeBase64 } from "../bridge/base64.ts";
import type { EditPlan } from "../edit-plan.ts";
import type {
  ClipSelection,
  HostApi,
  HostDescription,
  HostFailure,
  HostOutcome,
  PlanReport,
} from "../protocol.ts";
import { completeStillType } from "../still-file.ts";
import type { CallAnswer, CallName, Calls, HostFacts } from "./calls.ts";
import type { NodeFiles, ScriptCalls } from "./cep.ts";
import { commitCall, FIRST_PIECE_KEYS, layerOf, pieceSize, placeCall, stagePiece } from "./plan-calls.ts";
import { selectionOf } from "./selection.ts";
import { sourceSecondsOfStill } from "./still-time.ts";

export interface AfterEffectsSurroundings {
  calls: ScriptCalls;
  files: NodeFiles;
  /** Folder of the panel's own data; exists. */
  dataFolder: string;
  /** Milliseconds between two looks at a still that is being written. */
  pollMilliseconds: number;
  /** Looks before a still counts as never written. */
  pollCount: number;
}

/** An expected failure; crosses as data. */
class Refusal extends Error {
  readonly failure: HostFailure;
  constructor(code: HostFailure["code"], message: string, remedy: string) {
    super(message);
    this.failure = { code, message, remedy };
  }
}

export class AfterEffectsHost implements HostApi {
  readonly #with: AfterEffectsSurroundings;
  #selection: ClipSelection | null = null;
  #stills = 0;
  #stages = 0;

  constructor(surroundings: AfterEffectsSurroundings) {
    this.#with = surroundings;
  }

  async describe(): Promise<HostDescription> {
    const facts = await this.#do("describe", null);
    return { name: "aftereffects", version: facts.version, abilities: abilitiesOf(facts) };
  }

  readSelection(): Promise<HostOutcome<ClipSelection>> {
    return this.#outcome(async () => {
      const facts = await this.#do("readLayer", null);
      const bytes = facts.file === null ? null : this.#with.files.statSync(facts.file).size;
      this.#selection = selectionOf(facts, bytes);
      return this.#selection;
    });
  }

  readMedia(clipId: string, offset: number, length: number): Promise<HostOutcome<string>> {
    return this.#outcome(async () => {
      const path = this.#selected(clipId).mediaPath;
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

  renderStill(
    clipId: string,
    frameIndex: number,
  ): Promise<HostOutcome<{ mimeType: string; base64: string }>> {
    return this.#outcome(async () => {
      const selection = this.#selected(clipId);
      const file = `${this.#with.dataFolder}/still-${this.#stills++}.png`;
      const time = sourceSecondsOfStill(selection, frameIndex);
      try {
        await this.#do("saveStill", { layer: layerOf(clipId), time, file });
        return await this.#completeStill(file);
      } finally {
        this.#with.files.rmSync(file, { force: true });
        await this.#do("removeStills", null);
      }
    });
  }

  /** After Effects answers before the file is whole. */
  async #completeStill(file: string): Promise<{ mimeType: string; base64: string }> {
    const { files, pollCount, pollMilliseconds } = this.#with;
    for (let look = 0; look < pollCount; look++) {
      const bytes = files.existsSync(file) ? files.readFileSync(file) : new Uint8Array();
      const mimeType = completeStillType(bytes);
      if (mimeType) return { mimeType, base64: encodeBase64(bytes) };
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    }
    throw new Refusal(
      "timeout",
      "After Effects said that it saved a frame, and no whole picture came.",
      "Check the disk's free space, or use a layer with a media file.",
    );
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

  carryOut(plan: EditPlan): Promise<HostOutcome<PlanReport>> {
    return this.#outcome(async () => {
      const clipStart = this.#selected(plan.clipId).start;
      const place = placeCall(plan, clipStart);
      const report = place ? await this.#do("placeMatte", place) : await this.#writePaths(plan, clipStart);
      return { done: report.done, notDone: report.notDone };
    });
  }

  /** Shapes are handed over in pieces that the host takes in its stride; the project changes at the end only. */
  async #writePaths(plan: EditPlan, clipStart: string): Promise<Calls["commitPaths"]["answer"]> {
    const stage = `stage-${this.#stages++}`;
    const paths = plan.write.kind === "mask-paths" ? plan.write.paths : [];
    let size = FIRST_PIECE_KEYS;
    try {
      for (const [index, path] of paths.entries()) {
        for (let from = 0; from < Math.max(path.keyframes.length, 1); ) {
          const to = Math.min(from + size, path.keyframes.length);
          const { milliseconds } = await this.#do(
            "stagePathKeys",
            stagePiece(stage, index, path, { from, to }, clipStart),
          );
          from = Math.max(to, from + 1);
          size = pieceSize(size, milliseconds);
        }
      }
    } catch (error) {
      await this.#with.calls.call("discardStage", { stage });
      throw error;
    }
    return this.#do("commitPaths", commitCall(stage, plan));
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

  #selected(clipId: string): ClipSelection {
    if (this.#selection?.clipId === clipId) return this.#selection;
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

function abilitiesOf(facts: HostFacts): HostDescription["abilities"] {
  const saved = facts.projectFolder !== null;
  const beside = saved ? "" : "save the project first: mattes are written beside it";
  const scripts = facts.mayWriteFiles
    ? ""
    : 'switch on "Allow Scripts to Write Files and Access Network" in Preferences, Scripting & Expressions';
  return [
    { ability: "media-bytes", available: true, reason: "" },
    { ability: "frame-stills", available: facts.mayWriteFiles, reason: scripts },
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
