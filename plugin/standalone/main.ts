/** The host of a browser tab: its timeline is the media file that the person opened. Runs in the page. */
import type { ClipSelection, HostApi, HostDescription, HostFailure, HostOutcome } from "../protocol.ts";
import { toBase64 } from "./base64.ts";

const NO_TIMELINE = "A browser tab has no timeline; export the matte and import it in your editor.";

/** What the page knows of the clip that it has opened. */
export type OpenedClip = Omit<ClipSelection, "mediaPath" | "mediaBytes" | "timeline" | "notes">;

export class StandaloneHost implements HostApi {
  #opened: { clip: OpenedClip; media: Blob } | null = null;

  /** Puts a clip on the "timeline". */
  show(clip: OpenedClip, media: Blob): void {
    this.#opened = { clip, media };
  }

  async describe(): Promise<HostDescription> {
    const without = (ability: HostDescription["abilities"][number]["ability"]) => ({
      ability,
      available: false,
      reason: NO_TIMELINE,
    });
    return {
      name: "standalone",
      version: "1",
      abilities: [
        { ability: "media-bytes", available: true, reason: "" },
        { ability: "session-storage", available: true, reason: "" },
        ...(["track-matte", "mask-path", "cut-out", "import-only", "markers"] as const).map(without),
      ],
    };
  }

  async readSelection(): Promise<HostOutcome<ClipSelection>> {
    if (!this.#opened) return failed("no-selection", "No clip is open.", "Drop a video into the page.");
    const { clip, media } = this.#opened;
    const value = { ...clip, mediaPath: clip.name, mediaBytes: media.size, timeline: null, notes: [] };
    return { ok: true, value };
  }

  async readMedia(clipId: string, offset: number, length: number): Promise<HostOutcome<string>> {
    if (this.#opened?.clip.clipId !== clipId)
      return failed("no-selection", `The clip ${clipId} is not open.`, "Open it again.");
    const bytes = await this.#opened.media.slice(offset, offset + length).arrayBuffer();
    return { ok: true, value: toBase64(new Uint8Array(bytes)) };
  }

  async renderStill(): Promise<HostOutcome<{ mimeType: string; base64: string }>> {
    return failed("not-supported", "The page decodes the file itself.", "Read the media instead.");
  }

  async writeFile(): Promise<HostOutcome<{ absolutePath: string }>> {
    return failed(
      "not-supported",
      "A page cannot write where it likes.",
      "Export to a folder or as a download.",
    );
  }

  async carryOut(): Promise<HostOutcome<{ done: string[]; notDone: [] }>> {
    return failed("not-supported", NO_TIMELINE, "Use Export.");
  }

  async storeSession(key: string, json: string): Promise<HostOutcome<null>> {
    try {
      localStorage.setItem(`masklet-session ${key}`, json);
      return { ok: true, value: null };
    } catch {
      return failed("storage", "The browser has no room for the session.", "Save the session as a file.");
    }
  }

  async loadSession(key: string): Promise<HostOutcome<string | null>> {
    try {
      return { ok: true, value: localStorage.getItem(`masklet-session ${key}`) };
    } catch {
      return { ok: true, value: null };
    }
  }
}

const failed = (code: HostFailure["code"], message: string, remedy: string) => ({
  ok: false as const,
  error: { code, message, remedy },
});
