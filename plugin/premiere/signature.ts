/** How Masklet knows its own things in a project again; runs in the UXP script context. */
import type { VideoClipTrackItem } from "@adobe/premierepro";

/** In names and marker comments; readable, and unlikely in anything else. */
const MARK = /\[(mk-[0-9a-f]{8})\]/;

export function signedName(name: string, signature: string): string {
  return `${name} [${signature}]`;
}

export function signatureIn(text: string): string | null {
  return MARK.exec(text)?.[1] ?? null;
}

/** The signature of a matte that Masklet placed; null for everything else. */
export async function signatureOfItem(item: VideoClipTrackItem): Promise<string | null> {
  const projectItem = await item.getProjectItem();
  return projectItem ? signatureIn(projectItem.name) : null;
}

export async function isOwnItem(item: VideoClipTrackItem): Promise<boolean> {
  return (await signatureOfItem(item)) !== null;
}
