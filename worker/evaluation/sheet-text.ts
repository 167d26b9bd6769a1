/** Runs anywhere: captions on contact sheets, in letters of five by seven pixels. */

interface Canvas {
  width: number;
  height: number;
  /** RGBA. */
  data: Uint8ClampedArray | Uint8Array;
}

/** Pixels on the sheet per pixel of a letter. */
const SCALE = 2;
const GLYPH_WIDTH = 5;
const GLYPH_HEIGHT = 7;
const ADVANCE = (GLYPH_WIDTH + 1) * SCALE;
export const TEXT_HEIGHT = GLYPH_HEIGHT * SCALE;

/** Seven rows per glyph, five bits each, as two characters of hexadecimal. */
const GLYPHS: Record<string, string> = {
  A: "0e11111f111111",
  B: "1e11111e11111e",
  C: "0e11101010110e",
  D: "1e11111111111e",
  E: "1f10101e10101f",
  F: "1f10101e101010",
  G: "0e11101711110e",
  H: "1111111f111111",
  I: "0e04040404040e",
  J: "0702020202120c",
  K: "11121418141211",
  L: "1010101010101f",
  M: "111b1515111111",
  N: "11191513111111",
  O: "0e11111111110e",
  P: "1e11111e101010",
  Q: "0e11111115120d",
  R: "1e11111e141211",
  S: "0f10100e01011e",
  T: "1f040404040404",
  U: "1111111111110e",
  V: "11111111110a04",
  W: "11111115151b11",
  X: "11110a040a1111",
  Y: "11110a04040404",
  Z: "1f01020408101f",
  "0": "0e11131519110e",
  "1": "040c040404040e",
  "2": "0e11010204081f",
  "3": "1f02040201110e",
  "4": "02060a121f0202",
  "5": "1f101e0101110e",
  "6": "0608101e11110e",
  "7": "1f010204080808",
  "8": "0e11110e11110e",
  "9": "0e11110f01020c",
  ".": "00000000000c0c",
  ",": "00000000040408",
  ":": "000c0c000c0c00",
  "-": "0000001f000000",
  _: "0000000000001f",
  "/": "00010204081000",
  "%": "18190204081303",
  "(": "02040808080402",
  ")": "08040202020408",
  "&": "0c12140815120d",
  "#": "0a0a1f0a1f0a0a",
};

/** White text; what has no glyph stays blank, what doesn't fit is cut. */
export function drawText(canvas: Canvas, left: number, top: number, text: string): void {
  [...text.toUpperCase()].forEach((letter, i) => {
    const glyph = GLYPHS[letter];
    if (glyph) drawGlyph(canvas, left + i * ADVANCE, top, glyph);
  });
}

function drawGlyph(canvas: Canvas, left: number, top: number, glyph: string): void {
  if (left + ADVANCE > canvas.width) return;
  for (let y = 0; y < TEXT_HEIGHT; y++) {
    const row = Math.floor(y / SCALE) * 2;
    const bits = Number.parseInt(glyph.slice(row, row + 2), 16);
    for (let x = 0; x < GLYPH_WIDTH * SCALE; x++) {
      if (!((bits >> (GLYPH_WIDTH - 1 - Math.floor(x / SCALE))) & 1)) continue;
      const at = 4 * ((top + y) * canvas.width + left + x);
      canvas.data.fill(255, at, at + 4);
    }
  }
}
