/** Runs in the CEP page: the numbered pictures that a layer's image sequence is made of. */
import type { LayerFacts } from "./calls.ts";
import type { NodeFiles } from "./cep.ts";
import { sourceFrameCount } from "./still-time.ts";

/** Kinds that the panel reads; After Effects renders others. */
const READ_HERE = /^(.*?)(\d+)(\.(?:png|jpe?g))$/i;

/**
 * Paths by source frame. Null where After Effects must render them: another kind of picture, or another number
 * of files than it counts frames (a part was imported, numbers are missing).
 */
export function sequencePictures(files: NodeFiles, facts: LayerFacts): string[] | null {
  const path = facts.file ?? "";
  const split = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const name = READ_HERE.exec(path.slice(split + 1));
  if (!facts.sequence || !name) return null;
  const folder = path.slice(0, split);
  const pictures = files
    .readdirSync(folder)
    .flatMap((file) => {
      const other = READ_HERE.exec(file);
      const isSibling = other?.[1] === name[1] && other?.[3] === name[3];
      return other && isSibling ? [{ number: Number(other[2]), file }] : [];
    })
    .sort((a, b) => a.number - b.number);
  if (pictures.length !== sourceFrameCount(facts)) return null;
  return pictures.map(({ file }) => `${folder}${path[split] ?? "/"}${file}`);
}
