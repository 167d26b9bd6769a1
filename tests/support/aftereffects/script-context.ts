/** Runs in Node, for tests: the real ExtendScript bundle in a bare context with a fake After Effects. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import vm from "node:vm";
import { build } from "esbuild";
import { bundleExtendScript } from "../../../plugin/aftereffects/bundle-extendscript.mjs";
import type { CallAnswer, CallName, Calls } from "../../../plugin/aftereffects/calls.ts";
import type * as Fake from "./fake-application.ts";
import { noTraps, type Traps } from "./fake-traps.ts";

type FakeModule = typeof Fake;

export interface ScriptContext {
  app: Fake.FakeApplication;
  traps: Traps;
  fake: FakeModule;
  /** What CEP's evalScript does. */
  evaluate(script: string): string;
  call<Name extends CallName>(
    name: Name,
    argument: Calls[Name]["argument"],
  ): CallAnswer<Calls[Name]["answer"]>;
  /** The answer's value; fails the test where the host refused. */
  done<Name extends CallName>(name: Name, argument: Calls[Name]["argument"]): Calls[Name]["answer"];
}

/** What ES5 brought: ExtendScript has none of it, so the context must not have it either. */
const REMOVE_ES5 = `
  delete this.JSON; delete this.Map; delete this.Set; delete this.Promise;
  for (var list = ["map","forEach","filter","indexOf","reduce","some","every","lastIndexOf","find","includes"], i = 0; i < list.length; i++) delete Array.prototype[list[i]];
  delete Array.isArray; delete Object.keys; delete Object.hasOwn; delete Object.assign; delete Date.now;
  delete String.prototype.trim; delete Number.isFinite; delete String.prototype.endsWith;
`;

let bundles: Promise<{ script: string; fake: string }> | null = null;

async function makeBundles(): Promise<{ script: string; fake: string }> {
  const built = await build({
    entryPoints: ["tests/support/aftereffects/fake-application.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "fakeHost",
    target: "es2020",
    tsconfigRaw: {},
  });
  return { script: await bundleExtendScript(), fake: built.outputFiles[0]!.text };
}

export async function openScriptContext(version = "26.0x1"): Promise<ScriptContext> {
  bundles ??= makeBundles();
  const { script, fake } = await bundles;
  const traps = noTraps();
  const context = vm.createContext({ File: fileClass(traps), Folder: { temp: { fsName: tmpdir() } } });
  vm.runInContext(REMOVE_ES5, context);
  vm.runInContext(fake, context);
  const module = vm.runInContext("fakeHost", context) as FakeModule;
  const app = new module.FakeApplication(version, traps);
  Object.assign(context, hostGlobals(module, app));
  vm.runInContext(script, context);
  const folder = mkdtempSync(join(tmpdir(), "masklet-ae-"));
  const call = caller(context, folder);
  return {
    app,
    traps,
    fake: module,
    evaluate: (text) => vm.runInContext(text, context) as string,
    call,
    done: (name, argument) => answered(call(name, argument)),
  };
}

function answered<T>(answer: CallAnswer<T>): T {
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

function caller(context: vm.Context, folder: string): ScriptContext["call"] {
  let count = 0;
  return (name, argument) => {
    const file = argument === null ? "" : join(folder, `argument-${count++}.json`);
    if (file !== "") writeFileSync(file, JSON.stringify(argument));
    const text = vm.runInContext(
      `masklet(${JSON.stringify(name)}, ${JSON.stringify(file)})`,
      context,
    ) as string;
    return JSON.parse(text);
  };
}

function hostGlobals(fake: FakeModule, app: Fake.FakeApplication): Record<string, unknown> {
  return {
    app,
    CompItem: fake.FakeComp,
    FootageItem: fake.FakeFootage,
    FileSource: fake.FakeFileSource,
    PlaceholderSource: fake.FakePlaceholderSource,
    AVLayer: fake.FakeLayer,
    Shape: class Shape {},
    ImportOptions: class ImportOptions {
      file: unknown;
      constructor(file: unknown) {
        this.file = file;
      }
    },
    MarkerValue: class MarkerValue {
      duration = 0;
      comment: string;
      constructor(comment: string) {
        this.comment = comment;
      }
    },
    MaskMode: { ADD: 6813, SUBTRACT: 6814 },
    TrackMatteType: { NO_TRACK_MATTE: 5012, LUMA: 5015 },
    AlphaMode: { STRAIGHT: 5412, IGNORE: 5413, PREMULTIPLIED: 5414 },
    PulldownPhase: { OFF: 5813 },
    FieldSeparationType: { OFF: 5613 },
    FrameBlendingType: { NO_FRAME_BLEND: 4012 },
    ImportAsType: { FOOTAGE: 3813 },
    KeyframeInterpolationType: { LINEAR: 6612, BEZIER: 6613, HOLD: 6614 },
  };
}

/** ExtendScript's File, over Node's. */
function fileClass(traps: Traps): unknown {
  return class File {
    encoding = "";
    error = "";
    readonly fsName: string;
    constructor(path: string) {
      this.fsName = path;
    }
    get exists(): boolean {
      return existsSync(this.fsName);
    }
    get name(): string {
      return basename(this.fsName);
    }
    get parent(): { fsName: string } {
      return { fsName: dirname(this.fsName) };
    }
    open(mode: "r" | "w"): boolean {
      if (mode === "w" && !traps.noFileAccess) writeFileSync(this.fsName, "");
      if (!this.exists) this.error = "File not found";
      return mode === "w" ? !traps.noFileAccess : this.exists;
    }
    read(): string {
      return readFileSync(this.fsName, "utf8");
    }
    close(): void {}
    remove(): boolean {
      rmSync(this.fsName);
      return true;
    }
  };
}
