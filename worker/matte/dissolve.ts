/**
 * Pure: whether the last frames are one picture that turns into another.
 *
 * [Note: a dissolve is a line] Between two still pictures a and b a dissolve gives a + w (b - a), with w from 0 to 1:
 * frames in between lie on the line from the first to the last. What moves, zooms or pans doesn't: half-way, things
 * are somewhere else, not at two places half as strong. Movement within the shots bends the line a little.
 */

/*
 * Where the limits come from: they were reasoned out before any clip was tried, and none was changed by the clips in
 * tests/MATTE.md; only the longest span was added when dissolves of 24 frames had been missed there.
 */

/** Frames from the first to the last; a part of a longer dissolve is one too. */
const SPANS = [8, 16, 24] as const;
const LONGEST = SPANS[2];
/** Where on the way frames are looked at. */
const ON_THE_WAY = [0.25, 0.5, 0.75] as const;
/** How far w may be from where it would be at a steady pace; eased dissolves are up to 0.1 away. */
const MOST_OFF_PACE = 0.16;
/** Levels of deviation by which the first and the last must differ. */
const LEAST_CHANGE = 12;
/** Share of that by which a frame may be off the line. */
const MOST_OFF_LINE = 0.3;
/** Two pictures at half strength have less contrast than either, unless they are alike. */
const MOST_CONTRAST = 0.92;

type Levels = Float32Array;

/** Fed with small pictures of the same size, each channel 0 to 255. */
export class DissolveDetector {
  #last: Levels[] = [];

  /** The first picture of a dissolve that ends with this one; null where none ends here. */
  next(picture: Levels): Levels | null {
    this.#last = [...this.#last.slice(-LONGEST), picture];
    for (const span of SPANS) {
      const frames = this.#last.slice(-1 - span);
      if (frames.length === 1 + span && isDissolve(frames)) return frames[0]!;
    }
    return null;
  }

  forget(): void {
    this.#last = [];
  }
}

function isDissolve(frames: readonly Levels[]): boolean {
  const [first, last] = [frames[0]!, frames.at(-1)!];
  const change = last.map((level, i) => level - first[i]!);
  const size = deviation(change);
  if (size < LEAST_CHANGE) return false;
  const middle = frames[(frames.length - 1) / 2]!;
  if (contrastOf(middle) > (MOST_CONTRAST * (contrastOf(first) + contrastOf(last))) / 2) return false;
  return ON_THE_WAY.every((share) => {
    const { along, beside } = onLine(frames[share * (frames.length - 1)]!, first, change);
    return Math.abs(along - share) <= MOST_OFF_PACE && beside <= MOST_OFF_LINE * size;
  });
}

/** `along`: w of the nearest point of the line; `beside`: levels of deviation from it. */
function onLine(frame: Levels, first: Levels, change: Levels): { along: number; beside: number } {
  let [product, square] = [0, 0];
  for (let i = 0; i < frame.length; i++) {
    product += (frame[i]! - first[i]!) * change[i]!;
    square += change[i]! ** 2;
  }
  const along = product / square;
  return { along, beside: deviation(frame.map((level, i) => level - first[i]! - along * change[i]!)) };
}

/** Root of the mean square. */
function deviation(levels: Levels): number {
  return Math.sqrt(levels.reduce((sum, level) => sum + level ** 2, 0) / levels.length);
}

function contrastOf(picture: Levels): number {
  const mean = picture.reduce((sum, level) => sum + level, 0) / picture.length;
  return deviation(picture.map((level) => level - mean));
}
