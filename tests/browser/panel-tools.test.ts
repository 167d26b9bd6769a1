/** Tools beyond the click, in the page with the real tracker: painting, moving the picture, several objects. */
import { unzipSync } from "fflate";
import { BufferSource, Input, WEBM } from "mediabunny";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { decodePngMask } from "../../worker/frames/decode-png.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { openPanel, openPanelBrowser, type PanelBrowser, type PanelPage } from "../support/panel-page.ts";

const LONG = 600_000;
const PIXELS = 640 * 360;

let panel: PanelBrowser;
let user: PanelPage;

beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());
afterEach(async () => {
  expect(user.foreign).toEqual([]);
  expect(user.errors).toEqual([]);
  await user.context.close();
});

async function opened(): Promise<void> {
  user = await openPanel(panel);
  await user.clipOpen();
  await user.page.locator(".model-ready").waitFor();
}

interface MaskDocument {
  objects: { name: string; masks: { frame: number; size: [number, number]; counts: string }[] }[];
}

/** Of every object on the first frame. */
async function firstMasks(): Promise<Uint8Array[]> {
  const json = await user.export("Masks as JSON", ["One each"]);
  const files = json[0] === 0x50 ? Object.values(unzipSync(json)) : [new Uint8Array(json)];
  const documents = files.map((file) => JSON.parse(new TextDecoder().decode(file)) as MaskDocument);
  return documents
    .flatMap(({ objects }) => objects)
    .map(({ masks }) => {
      const { size, counts } = masks.find(({ frame }) => frame === 0)!;
      return decodeMask({ width: size[1], height: size[0], counts });
    });
}

const at = (mask: Uint8Array, x: number, y: number) => mask[y * 640 + x];
const area = (mask: Uint8Array) => mask.reduce((sum, each) => sum + each, 0);
const lineOfStrokes = (x0: number, y0: number, x1: number, y1: number): [number, number][] =>
  Array.from({ length: 9 }, (_, step) => [x0 + ((x1 - x0) * step) / 8, y0 + ((y1 - y0) * step) / 8]);

it(
  "the brush paints a mask, Alt erases of it, the lasso fills and cuts",
  async () => {
    await opened();
    await user.page.keyboard.press("b");
    await user.drag(lineOfStrokes(100, 100, 200, 100));
    await user.page.locator(".chip", { hasText: "painted mask" }).waitFor();
    const [painted] = await firstMasks();
    expect(at(painted!, 150, 100)).toBe(1);
    expect(at(painted!, 150, 160)).toBe(0);

    await user.drag(lineOfStrokes(150, 80, 150, 120), { alt: true });
    await user.settled();
    const [erased] = await firstMasks();
    expect([at(erased!, 150, 100), at(erased!, 105, 100)]).toEqual([0, 1]);
    expect(area(erased!)).toBeLessThan(area(painted!));

    await user.page.keyboard.press("l");
    const square: [number, number][] = [
      [300, 200],
      [400, 200],
      [400, 300],
      [300, 300],
    ];
    await user.drag(square);
    await user.settled();
    const [outlined] = await firstMasks();
    expect(at(outlined!, 350, 250)).toBe(1);
    expect(area(outlined!) - area(erased!)).toBeGreaterThan(9_500);
    expect(area(outlined!) - area(erased!)).toBeLessThan(10_500);
    await user.page.locator(".stage").focus();
    await user.page.keyboard.press("Control+z");
    await user.settled();
    expect((await firstMasks())[0]).toEqual(erased);
  },
  LONG,
);

it(
  "C goes through the masks of a click, a part or the whole, and the last one is what is exported",
  async () => {
    await opened();
    await user.click(130, 300);
    await user.settled();
    const [first] = await firstMasks();
    await user.page.locator(".stage").focus();
    await user.page.keyboard.press("c");
    await user.page.getByRole("button", { name: "mask 2 of 3" }).waitFor();
    await user.settled();
    const [second] = await firstMasks();
    expect(second).not.toEqual(first);
    await user.page.getByRole("button", { name: "mask 2 of 3" }).click();
    await user.page.getByRole("button", { name: "mask 3 of 3" }).click();
    await user.page.getByRole("button", { name: "mask 1 of 3" }).waitFor();
    await user.settled();
    expect((await firstMasks())[0]).toEqual(first);
  },
  LONG,
);

it(
  "two objects make one matte: added together, or the second taken out of the first",
  async () => {
    await opened();
    const paint = async (from: [number, number], to: [number, number]) => {
      await user.drag([from, [to[0], from[1]], to, [from[0], to[1]]]);
      await user.settled();
    };
    await user.page.keyboard.press("l");
    await paint([100, 100], [300, 300]);
    await user.page.keyboard.press("a");
    await paint([200, 200], [400, 340]);
    const [first, second] = await firstMasks();
    const merged = async () => {
      const files = Object.entries(unzipSync(await user.export("PNG sequence", ["Exact mask", "In to out"])));
      return decodePngMask(files[0]![1]).pixels;
    };
    await user.workUntil(1);
    const union = await merged();
    await user.page.getByRole("combobox", { name: /^What Object 2 does/ }).selectOption("subtract");
    const rest = await merged();
    expect(union).toHaveLength(PIXELS);
    const wrong = (matte: Uint8Array, wanted: (a: number, b: number) => number) =>
      matte.filter((value, pixel) => Number(value > 0) !== wanted(first![pixel]!, second![pixel]!)).length;
    expect(wrong(union, (a, b) => a | b)).toBe(0);
    expect(wrong(rest, (a, b) => a & (1 - b))).toBe(0);
    expect(area(first!)).toBeGreaterThan(30_000);
    expect(first!.some((value, pixel) => value === 1 && second![pixel] === 1)).toBe(true);
  },
  LONG,
);

it(
  "a movie is written with a frame for each of the range",
  async () => {
    await opened();
    await user.page.keyboard.press("l");
    await user.drag([
      [100, 100],
      [300, 100],
      [300, 300],
    ]);
    await user.settled();
    await user.workUntil(4);
    const movie = await user.export("VP9 with alpha", ["In to out"]);
    const input = new Input({ source: new BufferSource(new Uint8Array(movie)), formats: [WEBM] });
    const track = (await input.getPrimaryVideoTrack())!;
    expect([await track.getDisplayWidth(), await track.getDisplayHeight()]).toEqual([640, 360]);
    expect((await track.computePacketStats()).packetCount).toBe(4);
    input.dispose();
  },
  LONG,
);

it(
  "space and drag moves the picture and plays nothing, space alone plays",
  async () => {
    await opened();
    await user.click(150, 290);
    await user.hasPoints(1);
    const mark = user.page.locator(".point-mark");
    const before = (await mark.boundingBox())!;
    await user.page.locator(".stage").focus();
    await user.page.keyboard.down(" ");
    await user.drag([
      [300, 100],
      [340, 140],
    ]);
    await user.page.keyboard.up(" ");
    const after = (await mark.boundingBox())!;
    expect(after.x - before.x).toBeGreaterThan(30);
    expect(after.y - before.y).toBeGreaterThan(30);
    expect(await user.points()).toBe(1);
    expect(await user.frame()).toBe(1);
    await user.page.keyboard.press(" ");
    await user.page.waitForFunction(
      () =>
        Number((document.querySelector("[role=slider][aria-label=Playhead]") as HTMLElement).ariaValueNow) >
        1,
    );
  },
  LONG,
);

it(
  "two fingers zoom and move the picture, and leave no point; a tap makes one",
  async () => {
    await opened();
    const zoom = async () => Number.parseInt((await user.page.locator(".zoom-text").textContent())!, 10);
    const fitted = await zoom();
    const touch = await user.page.context().newCDPSession(user.page);
    const send = (type: "touchStart" | "touchMove" | "touchEnd", points: [number, number][]) =>
      touch.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: points.map(([x, y], id) => ({ x, y, id })),
      });
    await send("touchStart", [
      [400, 300],
      [500, 300],
    ]);
    for (let step = 1; step <= 5; step++)
      await send("touchMove", [
        [400 - 10 * step, 300],
        [500 + 10 * step, 300],
      ]);
    await send("touchEnd", []);
    expect((await zoom()) / fitted).toBeGreaterThan(1.8);
    expect(await user.points()).toBe(0);
    await send("touchStart", [[450, 300]]);
    await send("touchEnd", []);
    await user.hasPoints(1);
  },
  LONG,
);
