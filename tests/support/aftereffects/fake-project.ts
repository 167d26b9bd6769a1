/** Runs inside the script context of tests: the project with its items, as After Effects has it. */
import { FakeFileSource, type FakeFootage, type FakeItem, FakeSequence } from "./fake-items.ts";
import { FakeComp } from "./fake-layers.ts";
import type { Traps } from "./fake-traps.ts";

interface Import {
  file: { fsName: string };
  sequence?: boolean;
}

export class FakeProject implements Pick<Project, "numItems"> {
  all: FakeItem[] = [];
  activeItem: FakeItem | null = null;
  file: { parent: { fsName: string } } | null = null;
  readonly traps: Traps;
  readonly version: string;
  /** Pictures of a sequence that a test has written, and their size. */
  sequence = { frames: 60, width: 640, height: 360, hasAlpha: false };
  /** Set by the test: brightness (0 to 1) of a file's frame at a share of its width. */
  brightness: (path: string, frame: number, across: number) => number = () => 0;
  /** Set by the test: writes the PNG of a time, in seconds. */
  renderStill: (path: string, time: number) => void = () => {};
  /** Whether dialogues are suppressed, as they must be to import. */
  asksNothing = false;
  private ids = 0;
  readonly items = {
    addComp: (
      name: string,
      width: number,
      height: number,
      aspect: number,
      duration: number,
      rate: number,
    ): FakeComp => {
      const comp = new FakeComp(this, name);
      comp.width = width;
      comp.height = height;
      comp.pixelAspect = aspect;
      comp.duration = duration;
      comp.frameRate = rate;
      return comp;
    },
  };

  constructor(version: string, traps: Traps) {
    this.version = version;
    this.traps = traps;
  }

  nextId(): number {
    return ++this.ids;
  }

  get numItems(): number {
    return this.all.length;
  }

  item(index: number): FakeItem {
    return this.all[index - 1] as FakeItem;
  }

  comps(): FakeComp[] {
    const comps: FakeComp[] = [];
    for (let i = 0; i < this.all.length; i++)
      if (this.all[i] instanceof FakeComp) comps.push(this.all[i] as FakeComp);
    return comps;
  }

  /** A sequence plays at 30 frames a second until it is conformed; its length follows. */
  importFile(options: Import): FakeFootage {
    if (!this.asksNothing) throw new Error("A dialogue asks how to interpret the alpha channel");
    if (this.traps.importThrows) throw new Error("Can not import the file");
    const source = new FakeFileSource(options.file.fsName);
    source.nativeFrameRate = 30;
    source.conformIgnored = this.traps.conformIgnored;
    const isPicture = /\.png$/.test(options.file.fsName);
    source.isStill = isPicture && (!options.sequence || this.traps.sequenceIgnored);
    source.hasAlpha = this.sequence.hasAlpha;
    const footage = new FakeSequence(this, options.file.fsName, source);
    footage.frames = this.sequence.frames;
    footage.width = this.sequence.width;
    footage.height = this.sequence.height;
    return footage;
  }
}
