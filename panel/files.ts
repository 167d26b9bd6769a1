/** Files from a dialogue or a drop become a clip or a session. In the page. */
import type { ClipSource } from "../worker/protocol.ts";
import type { Session } from "./session/session.ts";

/** Stills carry no rate of their own; the person can conform the matte in the editor. */
const STILLS_RATE = 25;

/** Resolves to nothing when the dialogue is closed. */
export function chooseFiles(accept: string, many: boolean): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", accept, multiple: many });
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}

export async function openFiles(session: Session, files: File[]): Promise<void> {
  const [first] = files;
  if (!first) return;
  if (first.name.endsWith(".masklet")) {
    await session.importSession(new Uint8Array(await first.arrayBuffer()));
    return;
  }
  await session.openClip(clipSource(files, first));
}

function clipSource(files: File[], first: File): ClipSource {
  const stills = files.filter((file) => /\.(png|jpe?g)$/i.test(file.name));
  if (stills.length === 0) return { kind: "media", blob: first, name: first.name };
  const blobs = stills.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return { kind: "stills", blobs, name: stills[0]!.name, framesPerSecond: STILLS_RATE };
}
