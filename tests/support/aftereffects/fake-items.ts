/** Runs inside the script context of tests: footage and what it is made of, as After Effects has them. */
import type { FakeComp } from "./fake-layers.ts";
import type { FakeProject } from "./fake-project.ts";

const OFF = { pulldown: 5813, fields: 5613 };
const STRAIGHT = 5412;

interface FakeFile {
  fsName: string;
  name: string;
  exists: boolean;
}

/** What any source of footage has. */
export class FakeSource implements Pick<FootageSource, "isStill" | "hasAlpha" | "loop" | "nativeFrameRate"> {
  isStill = false;
  hasAlpha = false;
  alphaMode: number = STRAIGHT;
  loop = 1;
  nativeFrameRate = 24;
  removePulldown: number = OFF.pulldown;
  fieldSeparationType: number = OFF.fields;
  conformIgnored = false;
  private conformed = 0;

  get conformFrameRate(): number {
    return this.conformed;
  }

  /** After Effects takes 0 to 99. */
  set conformFrameRate(rate: number) {
    if (rate < 0 || rate > 99) throw new Error("Value out of range: 0 to 99");
    if (!this.conformIgnored) this.conformed = rate;
  }
}

export class FakeFileSource extends FakeSource implements Pick<FileSource, "missingFootagePath"> {
  file: FakeFile;
  missingFootagePath: string;

  constructor(path: string, exists = true) {
    super();
    this.file = { fsName: path, name: path.slice(path.lastIndexOf("/") + 1), exists };
    this.missingFootagePath = path;
  }
}

export class FakeSolidSource extends FakeSource {}
export class FakePlaceholderSource extends FakeSource {}

export class FakeItem
  implements
    Pick<
      AVItem,
      "id" | "name" | "comment" | "width" | "height" | "pixelAspect" | "frameRate" | "duration" | "hasVideo"
    >
{
  readonly id: number;
  name: string;
  comment = "";
  width = 640;
  height = 360;
  pixelAspect = 1;
  frameRate = 24;
  hasVideo = true;
  project: FakeProject;
  private seconds = 5;

  constructor(project: FakeProject, name: string) {
    this.project = project;
    this.id = project.nextId();
    this.name = name;
    project.all.push(this);
  }

  get duration(): number {
    return this.seconds;
  }

  set duration(seconds: number) {
    this.seconds = seconds;
  }

  get usedIn(): FakeComp[] {
    const comps = this.project.comps();
    const using: FakeComp[] = [];
    for (let i = 0; i < comps.length; i++)
      if ((comps[i] as FakeComp).uses(this)) using.push(comps[i] as FakeComp);
    return using;
  }

  /** Layers of it go too. */
  remove(): void {
    const rest: FakeItem[] = [];
    for (let i = 0; i < this.project.all.length; i++)
      if (this.project.all[i] !== this) rest.push(this.project.all[i] as FakeItem);
    this.project.all = rest;
    const comps = this.project.comps();
    for (let i = 0; i < comps.length; i++) (comps[i] as FakeComp).dropLayersOf(this);
  }
}

export class FakeFootage extends FakeItem implements Pick<FootageItem, "footageMissing"> {
  footageMissing = false;
  mainSource: FakeSource;

  constructor(project: FakeProject, path: string, source: FakeSource = new FakeFileSource(path)) {
    super(project, path.slice(path.lastIndexOf("/") + 1));
    this.mainSource = source;
  }
}

/** Numbered pictures; how long they last follows from the rate that they are conformed to. */
export class FakeSequence extends FakeFootage {
  frames = 60;

  override get duration(): number {
    const { isStill, conformFrameRate, nativeFrameRate } = this.mainSource;
    return isStill ? 0 : (this.mainSource.loop * this.frames) / (conformFrameRate || nativeFrameRate);
  }
}
