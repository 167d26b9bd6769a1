/**
 * Pure: the masks that one click can mean. The decoder makes three of them at once, so that a part, the whole and
 * something between are among them ("Segment Anything", section 3, on ambiguity); upstream takes one by itself.
 */

/** 0: the mask that upstream takes; 1 and 2: the others, the one with the higher predicted IoU first. */
export const ALTERNATIVES = [0, 1, 2] as const;

export type Alternative = (typeof ALTERNATIVES)[number];

export const isAlternative = (value: unknown): value is Alternative =>
  ALTERNATIVES.some((each) => each === value);

/** The one after it, and after the last one the first. */
export const nextAlternative = (alternative: Alternative) =>
  ((alternative + 1) % ALTERNATIVES.length) as Alternative;
