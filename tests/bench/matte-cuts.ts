/**
 * Runs in Node: which shot changes the cut detector finds, and what else it takes for one. Real footage of
 * `../shared/clips`, on which no threshold was tuned.
 */
import { existsSync } from "node:fs";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { FrameChangeDetector } from "../../worker/matte/frame-change.ts";
import { footage } from "./composed-clips.ts";
import { percent, type Table } from "./matte-report.ts";

const SHARED = "../shared/clips";
const CLIPS = [
  "unlabelled/02_cups.mp4",
  "unlabelled/05_default_juggle.mp4",
  "unlabelled/12_hideandseek.mp4",
  "unlabelled/14_social_dog_training.mp4",
  "pumavos_chair/frames",
  "pumavos_caps/frames",
];
/** Frames of each shot of a sequence, and where in its clip it begins. */
const SHOT = 14;
const STARTS = [0, 40];
/** A shot change within so many frames of the true one is it. */
const TOLERANCE = 1;

/** `cuts`: indices of the first frames of new shots; each may be found once. */
interface Sequence {
  pictures: Picture[];
  cuts: number[];
}

/** `soft`: a transition over several frames, anywhere within which the change may be found. */
interface Material {
  name: string;
  sequences: Sequence[];
  soft?: number;
}

export async function cutTable(): Promise<Table> {
  const names = CLIPS.filter((name) => existsSync(`${SHARED}/${name}`));
  const shots: Picture[][][] = [];
  for (const name of names)
    shots.push(await Promise.all(STARTS.map((start) => footage(`${SHARED}/${name}`, SHOT, start))));
  const scored = (material: Material) => ({ name: material.name, ...scoreOf(material) });
  const scores = materials(shots).map(scored);
  scores.push(...longMaterials(await longShots(names)).map(scored));
  const hard = scores.filter(({ name }) => !name.startsWith(SOFT));
  const sum = (key: "frames" | "cuts" | "found" | "wrong") =>
    hard.reduce((total, score) => total + score[key], 0);
  const all = {
    name: "all but the soft ones",
    frames: sum("frames"),
    cuts: sum("cuts"),
    found: sum("found"),
    wrong: sum("wrong"),
  };
  return {
    title: "Cuts",
    about:
      `Shots of ${SHOT} frames from ${names.length} real clips (640 x 360; two places in each), joined and treated. The limits ` +
      "were set on made-up shots and the demo clip; that flashes and light need care was seen here first. Found: stops at the true first frame of a shot, one frame off allowed (soft transitions: anywhere in " +
      "them). Wrong: stops anywhere else. Flash: a frame 140 levels brighter. Light: all levels halved from one frame " +
      "on. Pan: a window of 60 % of the frame moves by that share of its own width a frame. Jump: the same clip, 40 frames on, which " +
      "a person would call a cut only sometimes; here it counts as none.",
    head: ["material", "frames", "cuts", "found", "wrong", "precision", "recall"],
    rows: [...scores, all].map(({ name, frames, cuts, found, wrong }) => [
      name,
      frames,
      cuts,
      found,
      wrong,
      found + wrong > 0 ? percent(found / (found + wrong)) : "–",
      cuts > 0 ? percent(found / cuts) : "–",
    ]),
  };
}

/** Frames; long enough for a slow dissolve, and for what only looks like one. */
const LONG_SHOT = 48;

async function longShots(names: readonly string[]): Promise<Picture[][]> {
  const shots: Picture[][] = [];
  for (const name of names) shots.push(await footage(`${SHARED}/${name}`, LONG_SHOT, 0));
  return shots;
}

const SOFT = "soft: ";

/** The next clip is the other shot. */
function longMaterials(shots: Picture[][]): Material[] {
  const uncut = (change: (shot: Picture[]) => Picture[]) =>
    shots.map((shot) => ({ pictures: change(shot), cuts: [] }));
  return [
    { name: `as filmed, ${LONG_SHOT} frames`, sequences: uncut((shot) => shot) },
    ...[0.005, 0.02, 0.04].map((speed) => ({
      name: `pan, ${speed * 100} % a frame, ${LONG_SHOT} frames`,
      sequences: uncut((shot) => pan(shot, speed)),
    })),
    {
      name: `light halves slowly, ${LONG_SHOT} frames`,
      sequences: uncut((shot) => shot.map((picture, i) => mix(picture, picture, 0, 1 - i / (2 * LONG_SHOT)))),
    },
    ...[16, 24].map((length) => ({
      name: `${SOFT}dissolve, ${length} frames`,
      soft: length,
      sequences: shots.map((shot, i) => dissolve(shot, shots[(i + 1) % shots.length]!, length)),
    })),
  ];
}

function materials(shots: Picture[][][]): Material[] {
  const plain = shots.flat();
  const pairs = shots.flatMap((clip, i) =>
    shots.flatMap((other, j) => (i === j ? [] : [[clip[(i + j) % 2]!, other[j % 2]!] as const])),
  );
  const uncut = (change: (shot: Picture[]) => Picture[]) =>
    plain.map((shot) => ({ pictures: change(shot), cuts: [] }));
  return [
    { name: "joined shots", sequences: pairs.map(([a, b]) => ({ pictures: [...a, ...b], cuts: [SHOT] })) },
    { name: "as filmed", sequences: uncut((shot) => shot) },
    { name: "flash, one frame", sequences: uncut((shot) => changed(shot, 6, 7, (level) => level + 140)) },
    { name: "flash, three frames", sequences: uncut((shot) => changed(shot, 6, 9, (level) => level + 140)) },
    { name: "light halves", sequences: uncut((shot) => changed(shot, 6, SHOT, (level) => level / 2)) },
    ...[0.04, 0.08, 0.16, 0.3].map((speed) => ({
      name: `pan, ${speed * 100} % a frame`,
      sequences: uncut((shot) => pan(shot, speed)),
    })),
    {
      name: "jump within a clip",
      sequences: shots.map(([a, b]) => ({ pictures: [...a!, ...b!], cuts: [] })),
    },
    { name: `${SOFT}dissolve, 8 frames`, soft: 8, sequences: pairs.map(([a, b]) => dissolve(a, b, 8)) },
    {
      name: `${SOFT}through black, 6 and 6 frames`,
      soft: 12,
      sequences: pairs.map(([a, b]) => throughBlack(a, b, 6)),
    },
  ];
}

function scoreOf({ sequences, soft = 0 }: Material) {
  let [frames, cuts, found, wrong] = [0, 0, 0, 0];
  for (const sequence of sequences) {
    const stops = stopsIn(sequence.pictures);
    const open = new Set(sequence.cuts);
    for (const stop of stops) {
      const hit = [...open].find((cut) => stop >= cut - TOLERANCE && stop <= cut + soft + TOLERANCE);
      if (hit === undefined) wrong++;
      else open.delete(hit);
    }
    frames += sequence.pictures.length;
    cuts += sequence.cuts.length;
    found += sequence.cuts.length - open.size;
  }
  return { frames, cuts, found, wrong };
}

function stopsIn(pictures: readonly Picture[]): number[] {
  const detector = new FrameChangeDetector();
  return pictures.flatMap((picture, index) => (detector.next(picture) === "cut" ? [index] : []));
}

// ---------------------------------------------------------------- treatments

function changed(shot: Picture[], from: number, to: number, change: (level: number) => number): Picture[] {
  return shot.map((picture, index) => {
    if (index < from || index >= to) return picture;
    const data = picture.data.map((level, at) => (at % 4 === 3 ? level : change(level)));
    return { ...picture, data };
  });
}

/** Back and forth, so that any speed fits. */
function pan(shot: Picture[], speed: number): Picture[] {
  return shot.map((picture, index) => {
    const width = Math.round(picture.width * 0.6);
    const room = picture.width - width;
    const way = (index * speed * width) % (2 * room);
    return columns(picture, Math.round(way <= room ? way : 2 * room - way), width);
  });
}

function columns({ width, height, data }: Picture, from: number, count: number): Picture {
  const cut = new Uint8ClampedArray(count * height * 4);
  for (let y = 0; y < height; y++)
    cut.set(data.subarray((y * width + from) * 4, (y * width + from + count) * 4), y * count * 4);
  return { width: count, height, data: cut };
}

function dissolve(a: readonly Picture[], b: readonly Picture[], length: number): Sequence {
  const cut = a.length - length;
  const mixed = Array.from({ length }, (_, i) => mix(a[cut + i]!, b[i]!, (i + 1) / (length + 1)));
  return { pictures: [...a.slice(0, cut), ...mixed, ...b.slice(length)], cuts: [cut] };
}

function throughBlack(a: readonly Picture[], b: readonly Picture[], length: number): Sequence {
  const cut = SHOT - length;
  const darker = (picture: Picture, share: number) => mix(picture, picture, 0, 1 - share);
  const out = a.slice(cut).map((picture, i) => darker(picture, (i + 1) / length));
  const back = b.slice(0, length).map((picture, i) => darker(picture, 1 - (i + 1) / length));
  return { pictures: [...a.slice(0, cut), ...out, ...back, ...b.slice(length)], cuts: [cut] };
}

function mix(a: Picture, b: Picture, share: number, gain = 1): Picture {
  const data = a.data.map((level, i) => (i % 4 === 3 ? 255 : gain * (level + (b.data[i]! - level) * share)));
  return { ...a, data };
}
