/** Runs as the tracking worker of a page: joins the tracker, the browser and, through comlink, the panel. */
import "./older-browsers.ts";
import { expose, transfer } from "comlink";
import { browserRealm } from "./browser-realm.ts";
import type { TrackerApi, WorkerAssets, WorkerAssetsMessage } from "./protocol.ts";
import { Tracker } from "./tracker.ts";

const tracker = new Tracker(browserRealm(self.location.protocol === "blob:" ? handedAssets() : noAssets()));

const api: TrackerApi = new Proxy(tracker, {
  get: (target, name) => {
    if (name === "readFrame") return readFrame;
    const member: unknown = Reflect.get(target, name, target);
    return typeof member === "function" ? member.bind(target) : member;
  },
});

/** The bitmap moves to the page instead of being copied. */
const readFrame: TrackerApi["readFrame"] = async (clipId, frameIndex, maxWidth) => {
  const outcome = await tracker.readFrame(clipId, frameIndex, maxWidth);
  return outcome.ok ? transfer(outcome, [outcome.value]) : outcome;
};

expose(api);

async function noAssets(): Promise<null> {
  return null;
}

/** A worker without an address of its own waits for the page to hand over what it cannot fetch. */
function handedAssets(): Promise<WorkerAssets> {
  return new Promise((resolve) => {
    const listen = ({ data }: MessageEvent<WorkerAssetsMessage | undefined>) => {
      if (!data || typeof data !== "object" || !("maskletAssets" in data)) return;
      self.removeEventListener("message", listen);
      resolve(data.maskletAssets);
    };
    self.addEventListener("message", listen);
  });
}
