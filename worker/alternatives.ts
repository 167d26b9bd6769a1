/**
 * Pure: the masks that one click can mean. The decoder makes three of them at once, so that a part, the whole and
 * something between are among them ("Segment Anything", section 3, on ambiguity); upstream takes one by itself.
 */

/** 0: the mask that the model thinks best; 1 and 2: the others, the one that it thinks more of first. */
export type Alternative = 0 | 1 | 2;

export const ALTERNATIVES = 3;

export const isAlternative = (value: unknown): value is Alternative =>
  value === 0 || value === 1 || value === 2;

/** The one after it, and after the last one the first. */
export const nextAlternative = (alternative: Alternative) =>
  ((alternative + 1) % ALTERNATIVES) as Alternative;
