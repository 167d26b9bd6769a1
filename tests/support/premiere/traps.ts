/** What real hosts were reported to do, as switches. All off is the host as documented. */

export interface Traps {
  /** Script objects read before a transaction throw after it. */
  staleObjects: boolean;
  /** Since 26.3: creating an action outside of `lockedAccess` throws. */
  actionsOnlyInLock: boolean;
  /** `exportSequenceFrame` answers true while the file is still being written. */
  exportAnswersEarly: boolean;
  /** This many exports answer true and write nothing. */
  exportsLost: number;
  /** `exportSequenceFrame` answers false. */
  exportRefused: boolean;
  /** Before 26.2.2: "x.png" becomes "x.png.png". */
  doubledExtension: boolean;
  /** Nests, titles and mattes have no media path. */
  emptyMediaPath: boolean;
  /** `importFiles` answers true, and the item shows after this many looks into its bin. */
  importLate: number;
  importRefused: boolean;
  /** The item lands at the top of the project instead of in the bin. */
  importIgnoresBin: boolean;
  /** The Matte parameter stays as it is. */
  matteIgnoresValue: boolean;
  /** Creating a keyframe for the Matte parameter throws. */
  matteRefusesValue: boolean;
  /** Composite Using stays Matte Alpha. */
  compositeIgnoresValue: boolean;
  /** Reading the Matte parameter throws. */
  matteUnreadable: boolean;
  /** Inserting above the last track makes no track: the item lands on the last one and pushes. */
  insertMakesNoTrack: boolean;
  /** The effect can't be created (renamed, removed). */
  effectUnknown: boolean;
  /** Appending an effect is refused inside the transaction. */
  appendRefused: boolean;
  /** Overwriting answers true and does nothing (locked track). */
  overwriteLost: boolean;
  /** Overwriting ignores the project item's in and out points. */
  overwriteIgnoresOut: boolean;
  /** Interpolation can only be set on keys that are there already. */
  interpolationNeedsKey: boolean;
  /** Interpolation set in the transaction that adds the key has no effect. */
  interpolationLost: boolean;
  /** Keys are not taken at all. */
  keysRefused: boolean;
  /** Overriding the frame rate has no effect. */
  rateIgnored: boolean;
  /** Keyframes count from the clip's first frame instead of the source's. */
  keysOnClipClock: boolean;
}

export const NO_TRAPS: Traps = {
  staleObjects: false,
  actionsOnlyInLock: false,
  exportAnswersEarly: false,
  exportsLost: 0,
  exportRefused: false,
  doubledExtension: false,
  emptyMediaPath: false,
  importLate: 0,
  importRefused: false,
  importIgnoresBin: false,
  matteIgnoresValue: false,
  matteRefusesValue: false,
  compositeIgnoresValue: false,
  matteUnreadable: false,
  insertMakesNoTrack: false,
  effectUnknown: false,
  appendRefused: false,
  overwriteLost: false,
  overwriteIgnoresOut: false,
  interpolationNeedsKey: false,
  interpolationLost: false,
  keysRefused: false,
  rateIgnored: false,
  keysOnClipClock: false,
};
