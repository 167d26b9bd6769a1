/** Runs in the CEP page: starts the engine as a process of its own, and ends it. */
import type { ChildProcess, EngineNode } from "./cep-node.ts";
import { type EnginePlaces, findNode } from "./find-node.ts";

/** Of the extension's folder; the package puts it there. */
const ENGINE_FILE = "engine/node/engine.mjs";
/** Below the data folder: where a person may install `@mediabunny/server`, see the README. */
const CODECS_FOLDER = "codecs";
const ANSWERS = 3;
/** Characters of what the engine last said on its error output, for the message about its end. */
const KEPT_WORDS = 600;

export interface StartedEngine {
  write(chunk: Uint8Array): void;
  listen(events: { data(chunk: Uint8Array): void; exit(why: string): void }): void;
  kill(): void;
}

/** `secret` goes along in the environment. Rejects with words where nothing could be started. */
export async function startEngine(
  node: EngineNode,
  places: EnginePlaces,
  secret: { variable: string; value: string },
): Promise<StartedEngine> {
  const engine = `${places.extensionFolder}/${ENGINE_FILE}`;
  if (!node.existsSync(engine)) throw new Error(`The extension has no engine (${engine}); install it anew.`);
  const { path } = await findNode(node, places);
  // Options that a developer set for Node in general are not meant for this process.
  const { NODE_OPTIONS: _, ...env } = node.env;
  const child = node.spawn(path, [engine], {
    cwd: places.dataFolder,
    env: {
      ...env,
      MASKLET_CODECS: `${places.dataFolder}/${CODECS_FOLDER}`,
      [secret.variable]: secret.value,
    },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  return runningEngine(child, path);
}

function runningEngine(child: ChildProcess, path: string): StartedEngine {
  const [input, output, errors, answers] = [
    child.stdio[0],
    child.stdio[1],
    child.stdio[2],
    child.stdio[ANSWERS],
  ];
  let words = "";
  let ended: string | null = null;
  let tell = (_why: string): void => {};
  const end = (why: string) => {
    if (ended !== null) return;
    ended = words.trim() === "" ? why : `${why} It said: ${words.trim()}`;
    tell(ended);
  };
  child.on("error", (error) => end(`The engine can't be started with ${path}: ${error.message}.`));
  child.on("exit", (code, signal) => end(`The engine ended (${signal ?? `code ${code}`}).`));
  for (const stream of [output, errors]) {
    stream?.on("data", (chunk) => {
      words = (words + new TextDecoder().decode(chunk)).slice(-KEPT_WORDS);
    });
  }
  // A broken pipe is followed by the end of the process, which tells more.
  for (const stream of child.stdio) stream?.on("error", () => {});
  return {
    write: (chunk) => {
      if (ended === null) input?.write(chunk);
    },
    listen: ({ data, exit }) => {
      tell = exit;
      if (ended !== null) exit(ended);
      answers?.on("data", data);
    },
    kill: () => {
      for (const stream of child.stdio) stream?.destroy();
      child.kill("SIGKILL");
    },
  };
}
