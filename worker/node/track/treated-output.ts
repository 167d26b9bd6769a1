/** Runs in Node: masks become treated mattes or cut-outs at the end, by the same code as the panel's. */
import { basename, dirname } from "node:path";
import { exportMatte } from "../../export-matte.ts";
import type { FrameSource } from "../../frames/frame-source.ts";
import type { MatteSettings } from "../../matte/matte-settings.ts";
import { MATTE_EXTENSION } from "../../matte/matte-writer.ts";
import type { MatteSink, MatteStream } from "../../matte/write/matte-sink.ts";
import { assertMovieFormat } from "../../matte/write/movie-writer.ts";
import type { ExportProgress, MatteLayer, MatteRequest } from "../../protocol.ts";
import { isAbort } from "../../tracker-error.ts";
import { folderSink } from "../folder-sink.ts";
import { prepareMediaCodecs } from "../media-codecs.ts";
import { KeepingOutput, type MatteOutput, type OutputRequest, withoutExtension } from "./matte-output.ts";

export interface Treatment {
  settings: MatteSettings;
  content: MatteRequest["content"];
  frames: FrameSource;
  /** Side of the model's own masks; asked for at the end, when the model is known. */
  maskSide: () => number;
  onProgress: (progress: ExportProgress) => void;
  /** While files are written it ends that, and those that are finished stay. */
  signal: AbortSignal;
}

/** @throws TrackerError `unsupported-codec` before anything is tracked. */
export async function openTreatedOutput(request: OutputRequest, treatment: Treatment): Promise<MatteOutput> {
  if (request.format !== "png") await assertMovieFormat(request.format, request.info, prepareMediaCodecs);
  return new TreatedOutput(request, treatment);
}

/** At the end, because the controls in time look at later frames. */
class TreatedOutput extends KeepingOutput {
  readonly #request: OutputRequest;
  readonly #treatment: Treatment;
  #files = 0;

  constructor(request: OutputRequest, treatment: Treatment) {
    super();
    this.#request = request;
    this.#treatment = treatment;
  }

  async finish(): Promise<number> {
    if (this.masks.size === 0) return 0;
    const { frames, maskSide, onProgress, signal } = this.#treatment;
    const job = {
      frames,
      request: this.#matteRequest(),
      maskSide: maskSide(),
      onFile: () => undefined,
      onProgress,
      // What was tracked before a cancellation is written whole.
      signal: signal.aborted ? new AbortController().signal : signal,
    };
    await exportMatte(job, prepareMediaCodecs, () => this.#counted(this.#sink())).catch((error) => {
      if (!isAbort(error)) throw error;
    });
    return this.#files;
  }

  #counted(sink: MatteSink): MatteSink {
    const counting = (stream: MatteStream): MatteStream => ({
      ...stream,
      finish: async () => {
        await stream.finish();
        this.#files += 1;
      },
    });
    return {
      writeFile: async (path, bytes) => {
        await sink.writeFile(path, bytes);
        this.#files += 1;
      },
      createFile: async (path) => counting(await sink.createFile(path)),
    };
  }

  #matteRequest(): MatteRequest {
    const { out, format, range, perObject } = this.#request;
    const { settings, content } = this.#treatment;
    const grouping = perObject ? "per-object" : "merged";
    return {
      layers: this.#layers(),
      ...this.#stretch(),
      format,
      range,
      content,
      grouping,
      settings,
      folder: out,
    };
  }

  #layers(): MatteLayer[] {
    return [...this.masks].map(([objectId, frames]) => ({
      objectId,
      name: this.#request.nameOf(objectId),
      operation: "add",
      masks: [...frames].map(([frameIndex, mask]) => ({ frameIndex, mask })),
    }));
  }

  /** Stills from the first frame that has a mask to the last; a movie has all frames, so that its frame n is the clip's. */
  #stretch(): { from: number; to: number } {
    const { format, info } = this.#request;
    if (format !== "png") return { from: 0, to: info.frameCount - 1 };
    const covered = [...this.masks.values()].flatMap((frames) => [...frames.keys()]);
    return { from: covered.reduce((a, b) => Math.min(a, b)), to: covered.reduce((a, b) => Math.max(a, b)) };
  }

  #sink(): MatteSink {
    const { out, format, perObject } = this.#request;
    if (format === "png" || perObject) return folderSink(out);
    const file = `${withoutExtension(out, MATTE_EXTENSION[format])}.${MATTE_EXTENSION[format]}`;
    return renamed(folderSink(dirname(file)), basename(file));
  }
}

/** The one file that is written gets the name that was asked for. */
function renamed(sink: MatteSink, name: string): MatteSink {
  return {
    writeFile: (_, bytes) => sink.writeFile(name, bytes),
    createFile: () => sink.createFile(name),
  };
}
