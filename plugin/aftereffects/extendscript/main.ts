/** Runs in ExtendScript: the one function that the page calls. */
import type { CallAnswer, CallName, Calls, HostFacts } from "../calls.ts";
import { parse, stringify } from "./json.ts";
import { layerFacts, sampleRemap } from "./layer-facts.ts";
import { selectedLayer } from "./layers.ts";
import { commitPaths, discardStage, stagedKeys, stagePathKeys } from "./mask-paths.ts";
import { placeMatte } from "./matte-layer.ts";
import { HostRefusal } from "./refusal.ts";
import { checkBegin, checkMasks, checkMatte, checkStill, checkTiming } from "./self-check.ts";
import { saveStill } from "./stills.ts";
import { removeTemporary } from "./temporary.ts";

type Handlers = { [Name in CallName]: (argument: Calls[Name]["argument"]) => Calls[Name]["answer"] };

const handlers: Handlers = {
  describe: describe,
  mayWriteFiles: mayWriteFiles,
  readLayer: () => layerFacts(selectedLayer()),
  sampleRemap: sampleRemap,
  stagedKeys: stagedKeys,
  stagePathKeys: stagePathKeys,
  discardStage: discardStage,
  commitPaths: commitPaths,
  placeMatte: placeMatte,
  saveStill: saveStill,
  removeStills: removeTemporary,
  checkBegin: checkBegin,
  checkTiming: checkTiming,
  checkMasks: checkMasks,
  checkMatte: checkMatte,
  checkStill: checkStill,
  checkEnd: removeTemporary,
  probe: (argument) => ({ length: argument.text.length }),
};

function describe(): HostFacts {
  const file = app.project.file;
  return {
    version: app.version,
    projectFolder: file ? (file.parent as Folder).fsName : null,
  };
}

/** Tried out, because the preference's name has changed from version to version. */
function mayWriteFiles(): boolean {
  const file = new File(Folder.temp.fsName + "/masklet-may-write.txt");
  try {
    if (!file.open("w")) return false;
    file.close();
    return file.remove();
  } catch {
    return false;
  }
}

/** `argumentFile`: path of a JSON file, or empty. Answers a CallAnswer as JSON text and never throws. */
export function masklet(name: string, argumentFile: string): string {
  try {
    if (!handlers.hasOwnProperty(name)) {
      throw new HostRefusal(
        "internal",
        "After Effects was asked for an unknown step: " + name + ".",
        "Update Masklet: panel and script differ.",
      );
    }
    const handler = handlers[name as CallName] as (argument: unknown) => unknown;
    return stringify({ ok: true, value: handler(argumentFile === "" ? null : readArgument(argumentFile)) });
  } catch (error) {
    return stringify(refusalAnswer(error));
  }
}

function readArgument(path: string): unknown {
  const file = new File(path);
  file.encoding = "UTF-8";
  if (!file.open("r")) {
    throw new HostRefusal(
      "internal",
      "After Effects can't read " + file.fsName + ": " + file.error + ".",
      "Check that the temporary folder may be read.",
    );
  }
  try {
    return parse(file.read());
  } finally {
    file.close();
  }
}

function refusalAnswer(error: unknown): CallAnswer<never> {
  if (error instanceof HostRefusal) {
    return { ok: false, error: { code: error.code, message: error.message, remedy: error.remedy } };
  }
  const failure = error as { message?: string; line?: number };
  return {
    ok: false,
    error: {
      code: "internal",
      message: "After Effects refused: " + (failure.message || String(error)),
      remedy: "Undo once, save the project and try again.",
    },
  };
}
