/** Pure: the pebbles at the bottom of the demo's pond, and the light that the waves throw on them. */
import { type Colour, mixColour } from "./colour.ts";
import { cells, fractal, mix, noise, smoothstep } from "./noise.ts";

const STONES: readonly Colour[] = [
  [0.5, 0.5, 0.45],
  [0.36, 0.38, 0.37],
  [0.58, 0.52, 0.42],
  [0.43, 0.45, 0.47],
  [0.3, 0.3, 0.27],
];
const GROUT: Colour = [0.2, 0.23, 0.2];
const ALGAE: Colour = [0.22, 0.32, 0.17];

/** Colour of the bed at a world position, pixels. */
export function pondBed(x: number, y: number): Colour {
  const warpX = x + 8 * (noise(x / 23, y / 23, 11) - 0.5);
  const warpY = y + 8 * (noise(x / 23, y / 23, 12) - 0.5);
  const large = pebbles(warpX / 34, warpY / 27, 20);
  const small = pebbles(warpX / 13, warpY / 12, 30);
  const stones = mixColour(small.colour, large.colour, large.height > 0.16 ? 1 : 0);
  const relief = large.height > 0.16 ? large.height : small.height * 0.7;
  const grain = 0.9 + 0.2 * fractal(x / 5, y / 5, 40);
  const light = (0.72 + 0.36 * smoothstep(0, 0.55, relief)) * grain;
  const moss = 0.65 * smoothstep(0.5, 0.75, fractal(x / 110, y / 110, 50));
  const stone: Colour = [stones[0] * light, stones[1] * light, stones[2] * light];
  return mixColour(stone, ALGAE, moss * (0.6 + 0.4 * grain));
}

function pebbles(x: number, y: number, seed: number): { colour: Colour; height: number } {
  const { first, second, id } = cells(x, y, seed);
  const height = second - first;
  const stone = STONES[Math.floor(id * STONES.length)]!;
  return { colour: mixColour(GROUT, stone, smoothstep(0.02, 0.2, height)), height };
}

/** Brightness added by the waves' lens, about 0 to 1; `time` in seconds. */
export function caustics(x: number, y: number, time: number): number {
  const px = x / 46;
  const py = y / 46;
  const warp = 0.9 * fractal(px * 0.7 + time * 0.25, py * 0.7 - time * 0.18, 60);
  const a = cells(px + warp + time * 0.22, py - warp + time * 0.1, 70);
  const b = cells(px * 1.4 - warp - time * 0.16, py * 1.4 + warp + time * 0.2, 80);
  const web = (edge: number) => smoothstep(0.22, 0, edge);
  return mix(web(a.second - a.first), web(b.second - b.first), 0.45);
}
