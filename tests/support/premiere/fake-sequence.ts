/** Sequence, tracks, editor and markers over the model; checked against the official types. */
import type {
  Action,
  Marker,
  Markers,
  ProjectItem,
  Sequence,
  SequenceEditor,
  SequenceSettings,
  TickTime,
  TrackItemSelection,
  VideoClipTrackItem,
  VideoTrack,
} from "@adobe/premierepro";
import { FakeClip } from "./fake-project-items.ts";
import { FakeTrackItem } from "./fake-track-item.ts";
import { guid, type Members, rect, time } from "./fake-values.ts";
import type { FakeWorld } from "./fake-world.ts";
import { ScriptObject } from "./script-object.ts";
import { overwriteRange } from "./timeline-model.ts";

class FakeTrack extends ScriptObject implements Members<VideoTrack> {
  readonly #index: number;
  readonly id: number;
  readonly name: string;
  constructor(world: FakeWorld, index: number) {
    super(world);
    this.#index = index;
    this.id = world.model.tracks[index]!.id;
    this.name = world.model.tracks[index]!.name;
  }
  createSetNameAction(name: string): object {
    return this.live().action("name-track", () => {
      this.world.model.tracks[this.#index]!.name = name;
    });
  }
  async setMute(mute: boolean): Promise<boolean> {
    this.live().model.tracks[this.#index]!.muted = mute;
    return true;
  }
  async isMuted(): Promise<boolean> {
    return this.live().model.tracks[this.#index]!.muted;
  }
  async getMediaType() {
    return guid("video");
  }
  async getIndex(): Promise<number> {
    return this.#index;
  }
  getTrackItems(): VideoClipTrackItem[] {
    const { items } = this.live().model.tracks[this.#index]!;
    return items.map((item) => new FakeTrackItem(this.world, item.uid) as unknown as VideoClipTrackItem);
  }
}

class FakeMarker implements Pick<Marker, "getComments" | "getName" | "getStart"> {
  readonly index: number;
  readonly #world: FakeWorld;
  constructor(world: FakeWorld, index: number) {
    this.#world = world;
    this.index = index;
  }
  getComments = () => this.#world.model.markers[this.index]!.comments;
  getName = () => this.#world.model.markers[this.index]!.name;
  getStart = () => time(this.#world.model.markers[this.index]!.time);
}

export class FakeMarkers extends ScriptObject implements Members<Markers> {
  getMarkers(): Marker[] {
    const { markers } = this.live().model;
    return markers.map((_, index) => new FakeMarker(this.world, index) as unknown as Marker);
  }
  createRemoveMarkerAction(marker: Marker): Action {
    const gone = this.live().model.markers[(marker as unknown as FakeMarker).index];
    return this.world.action("remove-marker", () => {
      const { model } = this.world;
      model.markers = model.markers.filter(
        (each) => each.comments !== gone?.comments || each.time !== gone.time,
      );
    });
  }
  createMoveMarkerAction(): Action {
    return this.live().action("move-marker", () => {});
  }
  createAddMarkerAction(
    name: string,
    _type?: string,
    at?: TickTime,
    duration?: TickTime,
    comments = "",
  ): Action {
    return this.live().action("add-marker", () => {
      const [start, length] = [BigInt(at?.ticks ?? "0"), BigInt(duration?.ticks ?? "0")];
      this.world.model.markers.push({ name, time: start, duration: length, comments });
    });
  }
}

export class FakeSelection implements Members<TrackItemSelection> {
  readonly items: VideoClipTrackItem[];
  constructor(items: VideoClipTrackItem[]) {
    this.items = items;
  }
  addItem(item: Parameters<TrackItemSelection["addItem"]>[0]): boolean {
    this.items.push(item as VideoClipTrackItem);
    return true;
  }
  removeItem(): boolean {
    return false;
  }
  async getTrackItems() {
    return this.items;
  }
}

type UsedSequence = Pick<
  Sequence,
  | "guid"
  | "name"
  | "getFrameSize"
  | "getTimebase"
  | "getZeroPoint"
  | "getSettings"
  | "getPlayerPosition"
  | "getVideoTrackCount"
  | "getVideoTrack"
  | "getSelection"
  | "getEndTime"
>;

export class FakeSequence extends ScriptObject implements UsedSequence {
  readonly name = "Sequence 01";
  readonly guid = guid("sequence-1");
  async getFrameSize() {
    return rect(this.live().settings.width, this.world.settings.height);
  }
  async getTimebase(): Promise<string> {
    return this.live().settings.ticksPerFrame.toString();
  }
  async getZeroPoint(): Promise<TickTime> {
    return time(this.live().settings.zeroPoint);
  }
  async getSettings(): Promise<SequenceSettings> {
    const { settings } = this.live();
    const used: Pick<SequenceSettings, "getVideoDisplayFormat" | "getVideoPixelAspectRatio"> = {
      getVideoDisplayFormat: async () => ({ type: settings.dropFrame ? 102 : 103 }),
      getVideoPixelAspectRatio: async () => settings.pixelAspect,
    };
    return used as SequenceSettings;
  }
  async getPlayerPosition(): Promise<TickTime> {
    return time(this.live().player);
  }
  async getEndTime(): Promise<TickTime> {
    const ends = this.live().model.tracks.flatMap((track) => track.items.map((item) => item.end));
    return time(ends.sort((a, b) => (a < b ? -1 : 1)).at(-1) ?? 0n);
  }
  async getVideoTrackCount(): Promise<number> {
    return this.live().model.tracks.length;
  }
  async getVideoTrack(index: number): Promise<VideoTrack> {
    return new FakeTrack(this.live(), index) as unknown as VideoTrack;
  }
  async getSelection(): Promise<TrackItemSelection> {
    const items = this.live().selection.map((uid) => new FakeTrackItem(this.world, uid));
    return new FakeSelection(items as unknown as VideoClipTrackItem[]) as unknown as TrackItemSelection;
  }
}

type UsedEditor = Pick<
  SequenceEditor,
  "createRemoveItemsAction" | "createInsertProjectItemAction" | "createOverwriteItemAction"
>;

export class FakeEditor extends ScriptObject implements UsedEditor {
  createRemoveItemsAction(selection: TrackItemSelection): Action {
    const { items } = selection as unknown as FakeSelection;
    const uids = items.map((item) => (item as unknown as FakeTrackItem).uid);
    return this.live().action("remove-items", () => {
      for (const track of this.world.model.tracks) {
        track.items = track.items.filter((item) => !uids.includes(item.uid));
      }
    });
  }
  createInsertProjectItemAction(item: ProjectItem, at: TickTime, trackIndex: number): Action {
    const id = rawId(item);
    return this.live().action("insert", () => {
      const { model, traps } = this.world;
      const start = BigInt(at.ticks);
      if (trackIndex >= model.tracks.length && !traps.insertMakesNoTrack) this.world.addTrack();
      const track = model.tracks[Math.min(trackIndex, model.tracks.length - 1)]!;
      const placed = this.world.makeTrackItem(id, start);
      for (const each of track.items) {
        if (each.end <= start) continue;
        each.start += placed.end - start;
        each.end += placed.end - start;
      }
      track.items.push(placed);
    });
  }
  createOverwriteItemAction(item: ProjectItem, at: TickTime, trackIndex: number): Action {
    const id = rawId(item);
    return this.live().action("overwrite", () => {
      if (this.world.traps.overwriteLost) return;
      const track = this.world.model.tracks[trackIndex];
      if (!track) throw new Error("No such track");
      const placed = this.world.makeTrackItem(id, BigInt(at.ticks));
      overwriteRange(track, placed.start, placed.end);
      track.items.push(placed);
    });
  }
}

/** Real hosts refuse the cast item where they want the raw one. */
function rawId(item: ProjectItem): string {
  if (item instanceof FakeClip) throw new Error("Invalid parameter");
  return item.getId();
}
