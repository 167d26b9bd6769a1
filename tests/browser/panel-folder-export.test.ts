/** Export into a folder that the person chose. The dialogue can't be driven: a private folder stands in for the choice. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPanel, openPanelBrowser, type PanelBrowser, type PanelPage } from "../support/panel-page.ts";

const LONG = 600_000;

let panel: PanelBrowser;
let user: PanelPage;

beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());

const chooseFolder = () =>
  user.page.evaluate(() => {
    const choose = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle("chosen", { create: true });
    Object.assign(window, { showDirectoryPicker: choose });
  });

const filesIn = (name: string) =>
  user.page.evaluate(async (wanted) => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("chosen");
    const names: string[] = [];
    for await (const each of (await root.getDirectoryHandle(wanted)).keys()) names.push(each);
    return names.sort();
  }, name);

it(
  "writes the frames there, and says where older ones stay beside them",
  async () => {
    user = await openPanel(panel);
    await user.clipOpen();
    await user.workUntil(4);
    await user.clickWithKeys(150, 290);
    await user.hasPoints(1);
    await user.track();
    await chooseFolder();

    await user.startExport("PNG sequence", ["Exact mask", "In to out"]);
    await user.page.getByText("4 files in the folder “demo matte”.").waitFor();
    expect(await user.page.getByText("older frames").count()).toBe(0);
    expect(await filesIn("demo matte")).toEqual(["00000.png", "00001.png", "00002.png", "00003.png"]);

    await user.page.keyboard.press("Escape");
    await user.page.getByRole("dialog").waitFor({ state: "detached" });
    await user.workUntil(2);
    await user.startExport("PNG sequence", ["Exact mask", "In to out"]);
    await user.page.getByText("2 files in the folder “demo matte”. 2 older frames are beside them").waitFor();
    expect(await filesIn("demo matte")).toHaveLength(4);
    expect(user.errors).toEqual([]);
    await user.context.close();
  },
  LONG,
);
