/** A project with one clip under an object that was tracked, and the plan for its matte. */
import { type MattePlanRequest, planMatte } from "../../../plugin/edit-plan.ts";
import { stillName } from "../../../plugin/matte-names.ts";
import { PremiereHost } from "../../../plugin/premiere/premiere-host.ts";
import type { ClipSelection } from "../../../plugin/protocol.ts";
import { frameToTicks } from "../../../plugin/timecode.ts";
import { placeMatte } from "../../../plugin/timeline-map.ts";
import { fakeHost } from "./fake-premiere.ts";
import { FakeWorld } from "./fake-world.ts";
import type { ModelTrackItem, ProjectModel } from "./timeline-model.ts";
import type { Traps } from "./traps.ts";

const RATE = { numerator: 25, denominator: 1 };
export const at = (frame: number) => frameToTicks(frame, RATE);

/** Clip "street.mov" on Video 1, frames 100 to 200, from its own frame 40; Video 2 is empty. */
export interface Scene {
  world: FakeWorld;
  host: PremiereHost;
  clip: ModelTrackItem;
}

export function makeScene(traps: Partial<Traps> = {}, hostVersion = "26.3.0"): Scene {
  const world = new FakeWorld(traps);
  world.addTrack();
  world.addTrack();
  world.addItem({ id: "street.mov" });
  const inPoint = at(40);
  const clip = world.place(0, {
    itemId: "street.mov",
    start: at(100),
    end: at(200),
    inPoint,
    outPoint: inPoint + at(100),
  });
  world.selection = [clip.uid];
  world.files.put(
    "/media/street.mov",
    new Uint8Array(5000).map((_, index) => index * 7),
  );
  return { world, clip, host: new PremiereHost(fakeHost(world, hostVersion).environment) };
}

export async function select(host: PremiereHost): Promise<ClipSelection> {
  const selected = await host.readSelection();
  if (!selected.ok) throw new Error(selected.error.message);
  return selected.value;
}

export const FILES = "/projects/Masklet/run 1";

/** Plans a matte for the selected clip and puts its files on the disk. Hidden from source frame 60 to 79. */
export async function planFor(
  { world, host }: Scene,
  changes: Partial<MattePlanRequest> & { folder?: string } = {},
) {
  const timing = await select(host);
  const clock = { frameCount: 10_000 };
  const placement = placeMatte(timing, clock);
  const folder = changes.folder ?? FILES;
  for (const [n] of placement.sourceFrames.entries()) {
    world.files.put(`${folder}/${stillName(n)}`, new Uint8Array([n]));
  }
  return planMatte({
    kind: "track-matte",
    clipId: timing.clipId,
    clipName: timing.name,
    objectName: "car",
    timing,
    clock,
    placement,
    files: {
      kind: "stills",
      firstFile: `${folder}/${stillName(0)}`,
      width: 1920,
      height: 1080,
      fitToFrame: false,
    },
    visibility: [
      { from: 0, to: 59, state: "visible" },
      { from: 60, to: 79, state: "hidden" },
      { from: 80, to: 999, state: "visible" },
    ],
    review: [{ from: 58, to: 60, reason: "The object score is near zero." }],
    ...changes,
  });
}

/** The timeline in words: what an editor would see. */
export function describeTimeline(model: ProjectModel) {
  return model.tracks.map((track) =>
    track.items.map((item) => ({
      from: frameOf(item.start),
      to: frameOf(item.end),
      name: model.items.find((each) => each.id === item.itemId)?.name ?? item.name,
      effects: item.components.slice(2).map((component) => ({
        effect: component.matchName,
        values: component.params.map((param) => param.value),
      })),
      opacity: item.components[0]!.params[0]!.keys.map(({ time, value, mode }) => [
        frameOf(time - item.inPoint),
        value,
        mode,
      ]),
    })),
  );
}

const frameOf = (ticks: bigint) => Number(ticks) / Number(at(1));
