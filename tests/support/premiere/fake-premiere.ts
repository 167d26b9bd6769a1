/** Premiere as a plugin sees it, over a `FakeWorld`: the `premierepro` module and UXP's surroundings. */
import type {
  ClipProjectItem,
  CompoundAction,
  FolderItem,
  Project,
  ProjectItem,
  Sequence,
  TickTime,
  VideoFilterComponent,
} from "@adobe/premierepro";
import { encode } from "fast-png";
import type { HostEnvironment, PremiereApi } from "../../../plugin/premiere/host-environment.ts";
import { FakeFilter } from "./fake-components.ts";
import { FakeClip, FakeFolder } from "./fake-project-items.ts";
import { FakeEditor, FakeMarkers, FakeSelection, FakeSequence } from "./fake-sequence.ts";
import { fakeTickTimes, guid } from "./fake-values.ts";
import type { FakeAction, FakeWorld } from "./fake-world.ts";
import { itemAt, type ModelTrackItem, trackMatteKey } from "./timeline-model.ts";

type UsedProject = Pick<
  Project,
  | "guid"
  | "name"
  | "path"
  | "getActiveSequence"
  | "getSequences"
  | "getRootItem"
  | "importFiles"
  | "lockedAccess"
  | "executeTransaction"
>;

class FakeProject implements UsedProject {
  readonly guid = guid("project-1");
  readonly name = "Film.prproj";
  readonly path = "/projects/Film.prproj";
  readonly #world: FakeWorld;
  constructor(world: FakeWorld) {
    this.#world = world;
  }
  async getActiveSequence(): Promise<Sequence> {
    return new FakeSequence(this.#world) as unknown as Sequence;
  }
  async getSequences(): Promise<Sequence[]> {
    return [await this.getActiveSequence()];
  }
  async getRootItem(): Promise<FolderItem> {
    return new FakeFolder(this.#world, null) as unknown as FolderItem;
  }
  async importFiles(
    paths: string[],
    _quiet?: boolean,
    bin?: ProjectItem,
    asNumberedStills = false,
  ): Promise<boolean> {
    const binId = bin ? (bin as unknown as FakeFolder).id : null;
    return paths.every((path) => this.#world.importFile(path, binId, asNumberedStills));
  }
  lockedAccess(callback: () => void): void {
    this.#world.locked = true;
    try {
      callback();
    } finally {
      this.#world.locked = false;
    }
  }
  executeTransaction(callback: (compound: CompoundAction) => void, label = ""): boolean {
    const actions: FakeAction[] = [];
    callback({
      addAction: (action) => actions.push(action as FakeAction) > 0,
      get empty() {
        return actions.length === 0;
      },
    });
    return this.#world.execute(actions, label);
  }
}

/** A picture that says which frame of which clip it is: its width, height and first pixel. */
export type Painter = (world: FakeWorld, time: bigint, width: number, height: number) => Uint8Array;

/** The topmost unmuted clip's source frame in the first pixel, and noise; black where it is switched off. */
const paintSourceFrame: Painter = (world, time, width, height) => {
  const tracks = world.model.tracks.filter((track) => !track.muted && itemAt(track, time));
  const item = tracks.length > 0 ? itemAt(tracks[tracks.length - 1]!, time)! : null;
  const data = new Uint8Array(width * height * 3);
  if (item && isOn(world, item, time)) {
    for (let index = 2; index < data.length; index++) data[index] = (index * 2654435761) >>> 24;
    const frame = Number((item.inPoint + time - item.start) / world.settings.ticksPerFrame);
    data.set([frame >> 8, frame & 255]);
  }
  return encode({ width, height, data, channels: 3, depth: 8 });
};

/** Hold keys of the opacity, on the clock that the traps say. */
function isOn(world: FakeWorld, item: ModelTrackItem, time: bigint): boolean {
  const { keys, timeVarying, value } = item.components[0]!.params[0]!;
  if (!timeVarying || keys.length === 0) return value !== 0;
  const clock = time - item.start + (world.traps.keysOnClipClock ? 0n : item.inPoint);
  return (keys.findLast((key) => key.time <= clock) ?? keys[0]!).value !== 0;
}

export interface FakeHost {
  environment: HostEnvironment;
  premiere: PremiereApi;
}

export function fakeHost(
  world: FakeWorld,
  hostVersion = "26.3.0",
  paint: Painter = paintSourceFrame,
): FakeHost {
  world.project = new FakeProject(world) as unknown as Project;
  const premiere = fakeModule(world, paint);
  const environment: HostEnvironment = {
    premiere,
    files: world.files,
    hostVersion,
    dataFolder: "/data",
    temporaryFolder: "/temp",
    askForFolder: async () => "/chosen",
    wait: async (milliseconds) => {
      world.clock += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
    },
    now: () => world.clock,
  };
  return { environment, premiere };
}

/** Statics that Masklet uses, as the official types name them; values differ from declaration order. */
function fakeModule(world: FakeWorld, paint: Painter): PremiereApi {
  const api = {
    TickTime: fakeTickTimes,
    Project: { getActiveProject: async () => world.project },
    ClipProjectItem: {
      cast: (item: ProjectItem) => new FakeClip(world, item.getId()) as unknown as ClipProjectItem,
    },
    FolderItem: { cast: (item: ProjectItem) => new FakeFolder(world, item.getId()) as unknown as FolderItem },
    ProjectItem: {
      cast: (item: FolderItem | ClipProjectItem) => item as unknown as ProjectItem,
      TYPE_BIN: 2,
      TYPE_CLIP: 1,
    },
    SequenceEditor: { getEditor: () => new FakeEditor(world) },
    SequenceSettings: { PAR_SQUARE: "square", PAR_DVPAL: "dvpal", VIDEO_DISPLAY_FORMAT_2997: 102 },
    Markers: { getMarkers: async () => new FakeMarkers(world) },
    Marker: { MARKER_TYPE_COMMENT: "Comment" },
    Keyframe: { INTERPOLATION_MODE_LINEAR: 0, INTERPOLATION_MODE_HOLD: 4, INTERPOLATION_MODE_BEZIER: 5 },
    TrackItemSelection: {
      createEmptySelection: (callback: (selection: never) => void) => {
        callback(new FakeSelection([]) as never);
        return true;
      },
    },
    VideoFilterFactory: { createComponent: async (matchName: string) => createFilter(world, matchName) },
    Metadata: {
      getProjectColumnsMetadata: async (item: ProjectItem) => {
        const { width, height } = world.projectItem(item.getId());
        return JSON.stringify([{ ColumnName: "Video Info", ColumnValue: `${width} x ${height} (1.0)` }]);
      },
    },
    Exporter: {
      exportSequenceFrame: (
        _: Sequence,
        at: TickTime,
        name: string,
        folder: string,
        width: number,
        height: number,
      ) => exportFrame(world, `${folder}/${name}`, paint(world, BigInt(at.ticks), width, height)),
    },
    Constants: {
      TrackItemType: { CLIP: 11 },
      MediaType: { VIDEO: 12 },
      InterpolationMode: { HOLD: 4, LINEAR: 0, BEZIER: 5 },
    },
  };
  return api as unknown as PremiereApi;
}

function createFilter(world: FakeWorld, matchName: string): VideoFilterComponent {
  const known = trackMatteKey();
  if (world.traps.effectUnknown || matchName !== known.matchName) throw new Error(`No effect ${matchName}`);
  return new FakeFilter(known);
}

async function exportFrame(world: FakeWorld, path: string, png: Uint8Array): Promise<boolean> {
  const { traps } = world;
  if (traps.exportRefused) return false;
  if (traps.exportsLost > 0) {
    traps.exportsLost--;
    return true;
  }
  const name = traps.doubledExtension ? `${path}${path.slice(path.lastIndexOf("."))}` : path;
  if (!traps.exportAnswersEarly) world.files.put(name, png);
  else void writeSlowly(world, name, png);
  return true;
}

/** Half of the file, then nothing for a while, then the rest. */
async function writeSlowly(world: FakeWorld, path: string, png: Uint8Array): Promise<void> {
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns(3);
  world.files.put(path, png.slice(0, png.length >> 1));
  await turns(4);
  if (world.files.contents.has(path)) world.files.put(path, png);
}
