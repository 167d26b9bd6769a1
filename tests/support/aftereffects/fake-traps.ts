/** What real hosts were reported to do to scripts, or might; each is off until a test switches it on. */
export interface Traps {
  /** `addProperty` makes earlier references into the group invalid. */
  referencesDieOnAdd: boolean;
  /** Match name of a property that takes keyframes without complaint and keeps none. */
  propertyIgnoresKeys: string | null;
  /** Match name of a property that keeps half of the keyframes that it is given in one call. */
  propertyDropsKeys: string | null;
  /** A mask shape comes back with a vertex more, as After Effects makes of paths that it merges. */
  shapeChanged: boolean;
  /** New keyframes are Bézier, or hold: a person's preference. */
  newKeysAre: "linear" | "bezier" | "hold";
  /** `setTrackMatte` returns and sets nothing. */
  trackMatteIgnored: boolean;
  trackMatteThrows: boolean;
  /** "Allow Scripts to Write Files and Access Network" is off. */
  noFileAccess: boolean;
  /** Any change of masks throws, as on a layer that another dialog holds. */
  addMaskThrows: boolean;
  /** The second mask that is added throws. */
  secondMaskThrows: boolean;
  maskModeIgnored: boolean;
  importThrows: boolean;
  /** A numbered sequence is imported as its first picture. */
  sequenceIgnored: boolean;
  /** `conformFrameRate` keeps what it was. */
  conformIgnored: boolean;
  /** Parenting returns and does nothing. */
  parentIgnored: boolean;
  /** A child's place counts its parent's pixels as they are shown, not as they are counted. */
  parentCountsShownPixels: boolean;
  moveThrows: boolean;
  /** Values ease from key to key, whatever the keys say. */
  keysEase: boolean;
  /** A reversed layer shows the frame that begins at its time, not the one before. */
  reversedShowsFrameAt: boolean;
  /** Mask vertices count pixels as they are shown, not as they are counted. */
  masksCountShownPixels: boolean;
  /** `sampleImage` is refused. */
  samplingThrows: boolean;
  /** A script that failed has left its undo group open: ours are within it. */
  anothersGroupOpen: boolean;
  /** `saveFrameToPng`: at once, a part at first and the rest later, a part for good, nothing. */
  stills: "whole" | "late" | "truncated" | "none";
}

export function noTraps(): Traps {
  return {
    referencesDieOnAdd: false,
    propertyIgnoresKeys: null,
    propertyDropsKeys: null,
    shapeChanged: false,
    newKeysAre: "linear",
    trackMatteIgnored: false,
    trackMatteThrows: false,
    noFileAccess: false,
    addMaskThrows: false,
    secondMaskThrows: false,
    maskModeIgnored: false,
    importThrows: false,
    sequenceIgnored: false,
    conformIgnored: false,
    parentIgnored: false,
    parentCountsShownPixels: false,
    moveThrows: false,
    keysEase: false,
    reversedShowsFrameAt: false,
    masksCountShownPixels: false,
    samplingThrows: false,
    anothersGroupOpen: false,
    stills: "whole",
  };
}

/** Every switch alone, in every way that it can be on. */
export const EVERY_TRAP: Partial<Traps>[] = [
  { referencesDieOnAdd: true },
  { propertyIgnoresKeys: "ADBE Mask Shape" },
  { propertyIgnoresKeys: "ADBE Mask Opacity" },
  { propertyIgnoresKeys: "ADBE Opacity" },
  { propertyIgnoresKeys: "ADBE Marker" },
  { propertyDropsKeys: "ADBE Mask Shape" },
  { propertyDropsKeys: "ADBE Mask Opacity" },
  { propertyDropsKeys: "ADBE Opacity" },
  { shapeChanged: true },
  { newKeysAre: "bezier" },
  { newKeysAre: "hold" },
  { trackMatteIgnored: true },
  { trackMatteThrows: true },
  { noFileAccess: true },
  { addMaskThrows: true },
  { secondMaskThrows: true },
  { maskModeIgnored: true },
  { importThrows: true },
  { sequenceIgnored: true },
  { conformIgnored: true },
  { parentIgnored: true },
  { parentCountsShownPixels: true },
  { moveThrows: true },
  { keysEase: true },
  { reversedShowsFrameAt: true },
  { masksCountShownPixels: true },
  { samplingThrows: true },
  { anothersGroupOpen: true },
  { stills: "late" },
  { stills: "truncated" },
  { stills: "none" },
];
