/** What the self-check found out about this host, kept for later runs; runs in the UXP script context. */
import type { HostEnvironment } from "./host-environment.ts";
import { readSetting, writeSetting } from "./storage.ts";

/** Null: not checked, or checked without an answer. */
export interface Findings {
  hostVersion: string;
  /** The Matte parameter of Track Matte Key takes a track's id. */
  matteTakesTrackId: boolean | null;
  /** Inserting above the last track makes a track. */
  insertMakesTrack: boolean | null;
  /** Keyframes count the time of the source (true) or from the clip's first frame (false). */
  keysCountSourceTime: boolean | null;
}

const NAME = "self-check";

const UNCHECKED: Omit<Findings, "hostVersion"> = {
  matteTakesTrackId: null,
  insertMakesTrack: null,
  keysCountSourceTime: null,
};

/** Findings of another version of Premiere say nothing about this one. */
export async function readFindings(environment: HostEnvironment): Promise<Findings> {
  const unchecked = { hostVersion: environment.hostVersion, ...UNCHECKED };
  const text = await readSetting(environment, NAME);
  if (!text) return unchecked;
  try {
    const stored = JSON.parse(text) as Findings;
    return stored.hostVersion === environment.hostVersion ? { ...unchecked, ...stored } : unchecked;
  } catch {
    return unchecked;
  }
}

export async function storeFindings(environment: HostEnvironment, findings: Findings): Promise<void> {
  await writeSetting(environment, NAME, JSON.stringify(findings, null, 2));
}
