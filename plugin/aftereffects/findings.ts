/** Runs in the CEP page: what the self-check found out about this After Effects, kept for later reads. */
import type { NodeFiles } from "./cep.ts";

/** Null: not checked, or checked without an answer. */
export interface Findings {
  hostVersion: string;
  /**
   * On a frame of the comp where a reversed layer reaches the beginning of a source frame, it shows the one before
   * (true, which is taken where nothing was found out) or that one (false).
   */
  reversedShowsFrameBefore: boolean | null;
}

const NAME = "self-check.json";

/** Findings of another version of After Effects say nothing about this one. */
export function readFindings(files: NodeFiles, folder: string, hostVersion: string): Findings {
  const unchecked: Findings = { hostVersion, reversedShowsFrameBefore: null };
  const path = `${folder}/${NAME}`;
  if (!files.existsSync(path)) return unchecked;
  try {
    const stored = JSON.parse(new TextDecoder().decode(files.readFileSync(path))) as Findings;
    return stored.hostVersion === hostVersion ? { ...unchecked, ...stored } : unchecked;
  } catch {
    return unchecked;
  }
}

export function storeFindings(files: NodeFiles, folder: string, findings: Findings): void {
  files.writeFileSync(`${folder}/${NAME}`, JSON.stringify(findings, null, 2));
}
