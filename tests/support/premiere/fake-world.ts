/** The state behind the fake Premiere: project, selection, lock, undo steps, disk. */
import type { Action, Project } from "@adobe/premierepro";
import { stillName } from "../../../plugin/matte-names.ts";
import { FakeFiles } from "./fake-files.ts";
import {
  intrinsicComponents,
  type ModelProjectItem,
  type ModelTrack,
  type ModelTrackItem,
  type ProjectModel,
  TICKS,
} from "./timeline-model.ts";
import { NO_TRAPS, type Traps } from "./traps.ts";

export interface SequenceShape {
  width: number;
  height: number;
  ticksPerFrame: bigint;
  zeroPoint: bigint;
  dropFrame: boolean;
  pixelAspect: string;
}

export interface FakeAction {
  kind: string;
  apply(): void;
}

export interface UndoStep {
  label: string;
  before: ProjectModel;
}

export class FakeWorld {
  readonly files = new FakeFiles();
  readonly traps: Traps;
  readonly undoSteps: UndoStep[] = [];
  model: ProjectModel = { tracks: [], items: [], markers: [] };
  settings: SequenceShape = {
    width: 1920,
    height: 1080,
    ticksPerFrame: TICKS / 25n,
    zeroPoint: 0n,
    dropFrame: false,
    pixelAspect: "square",
  };
  selection: number[] = [];
  player = 0n;
  /** Counts transactions; script objects remember theirs. */
  generation = 0;
  locked = false;
  clock = 1_000_000;
  /** Looks into a bin that a late import still hides from. */
  #hidden = new Map<string, number>();
  #nextUid = 1;
  #project: Project | null = null;

  constructor(traps: Partial<Traps> = {}) {
    this.traps = { ...NO_TRAPS, ...traps };
  }

  get project(): Project {
    if (!this.#project) throw new Error("no project yet");
    return this.#project;
  }
  set project(project: Project) {
    this.#project = project;
  }

  // -------------------------------------------------------------- making things

  addTrack(): ModelTrack {
    const id = this.model.tracks.reduce((most, track) => Math.max(most, track.id), 0) + 1;
    const track = { id, name: `Video ${this.model.tracks.length + 1}`, muted: false, items: [] };
    this.model.tracks.push(track);
    return track;
  }

  addItem(item: Partial<ModelProjectItem> & { id: string }): ModelProjectItem {
    const full: ModelProjectItem = {
      name: item.id,
      kind: "clip",
      binId: null,
      mediaPath: `/media/${item.id}`,
      offline: false,
      multicam: false,
      width: 1920,
      height: 1080,
      frameRate: 25,
      pixelAspect: 1,
      duration: TICKS * 3600n,
      stills: null,
      scaledToFrame: false,
      inPoint: null,
      outPoint: null,
      ...item,
    };
    this.model.items.push(full);
    return full;
  }

  place(trackIndex: number, item: Partial<ModelTrackItem> & { start: bigint; end: bigint }): ModelTrackItem {
    const full: ModelTrackItem = {
      uid: this.#nextUid++,
      itemId: null,
      name: item.itemId ?? "clip",
      inPoint: 0n,
      outPoint: item.end - item.start,
      speed: 1,
      reversed: false,
      disabled: false,
      adjustment: false,
      components: intrinsicComponents(),
      ...item,
    };
    this.model.tracks[trackIndex]!.items.push(full);
    return full;
  }

  addBin(name: string): void {
    this.addItem({ id: `bin-${name}`, name, kind: "bin", mediaPath: "" });
  }

  removeItem(id: string): void {
    this.model.items = this.model.items.filter((item) => item.id !== id);
    for (const track of this.model.tracks) track.items = track.items.filter((item) => item.itemId !== id);
  }

  /** A track item as long as the project item's range, as placing it does. */
  makeTrackItem(itemId: string, start: bigint): ModelTrackItem {
    const item = this.projectItem(itemId);
    const [from, to] = this.traps.overwriteIgnoresOut
      ? [0n, item.duration]
      : [item.inPoint ?? 0n, item.outPoint ?? item.duration];
    return {
      uid: this.#nextUid++,
      itemId,
      name: item.name,
      start,
      end: start + (to - from),
      inPoint: from,
      outPoint: to,
      speed: 1,
      reversed: false,
      disabled: false,
      adjustment: false,
      components: intrinsicComponents(),
    };
  }

  setRate(id: string, rate: number): void {
    const item = this.projectItem(id);
    item.frameRate = rate;
    if (item.stills !== null) item.duration = BigInt(Math.round((item.stills * Number(TICKS)) / rate));
  }

  // -------------------------------------------------------------- finding things

  projectItem(id: string): ModelProjectItem {
    const item = this.model.items.find((each) => each.id === id);
    if (!item) throw new Error(`Invalid object: no project item ${id}`);
    return item;
  }

  trackItem(uid: number): { item: ModelTrackItem; trackIndex: number } {
    for (const [trackIndex, track] of this.model.tracks.entries()) {
      const item = track.items.find((each) => each.uid === uid);
      if (item) return { item, trackIndex };
    }
    throw new Error("Invalid object: the track item is gone");
  }

  visibleItems(binId: string | null): ModelProjectItem[] {
    return this.model.items.filter((item) => item.binId === binId && !this.#isStillHidden(item.id));
  }

  #isStillHidden(id: string): boolean {
    const looks = this.#hidden.get(id) ?? 0;
    if (looks > 0) this.#hidden.set(id, looks - 1);
    return looks > 0;
  }

  // -------------------------------------------------------------- what the host does

  importFile(path: string, binId: string | null, asNumberedStills: boolean): boolean {
    if (this.traps.importRefused) return false;
    if (!this.files.contents.has(path)) return false;
    const folder = path.slice(0, path.lastIndexOf("/"));
    let stills = 1;
    while (asNumberedStills && this.files.contents.has(`${folder}/${stillName(stills)}`)) stills++;
    const id = `import-${this.#nextUid++}`;
    const bin = this.traps.importIgnoresBin ? null : binId;
    this.addItem({ id, name: path.slice(folder.length + 1), binId: bin, mediaPath: path, stills });
    // The application's default for stills, as real hosts take it.
    this.setRate(id, 30);
    this.#hidden.set(id, this.traps.importLate);
    return true;
  }

  action(kind: string, apply: () => void): Action {
    if (this.traps.actionsOnlyInLock && !this.locked) {
      throw new Error("Actions must be created inside lockedAccess");
    }
    const action: FakeAction = { kind, apply };
    return action;
  }

  /** All or nothing, and one undo step. */
  execute(actions: readonly FakeAction[], label: string): boolean {
    if (this.traps.appendRefused && actions.some((action) => action.kind === "append-component"))
      return false;
    const before = structuredClone(this.model);
    try {
      for (const action of actions) action.apply();
    } catch {
      this.model = before;
      return false;
    }
    this.undoSteps.push({ label, before });
    this.generation++;
    return true;
  }

  undo(): string {
    const step = this.undoSteps.pop();
    if (!step) throw new Error("nothing to undo");
    this.model = step.before;
    this.generation++;
    return step.label;
  }
}
