/** What real hosts were reported to do to scripts; each is off until a test switches it on. */
export interface Traps {
  /** `addProperty` makes earlier references into the group invalid. */
  referencesDieOnAdd: boolean;
  /** Match name of a property that takes keyframes without complaint and keeps none. */
  propertyIgnoresKeys: string | null;
  /** `setTrackMatte` returns and sets nothing. */
  trackMatteIgnored: boolean;
  /** "Allow Scripts to Write Files and Access Network" is off. */
  noFileAccess: boolean;
  /** Any change throws, as on a layer that another dialog holds. */
  addMaskThrows: boolean;
}

export function noTraps(): Traps {
  return {
    referencesDieOnAdd: false,
    propertyIgnoresKeys: null,
    trackMatteIgnored: false,
    noFileAccess: false,
    addMaskThrows: false,
  };
}
