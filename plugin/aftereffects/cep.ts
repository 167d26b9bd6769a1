/** Runs in the CEP page: what CEP and its Node give, as narrow interfaces, and the calls into ExtendScript. */
import type { CallAnswer, CallName, Calls } from "./calls.ts";

/** `window.__adobe_cep__`, as CEP 12 puts it into the page. */
export interface Cep {
  evalScript(script: string, callback: (result: string) => void): void;
  getSystemPath(name: "userData" | "extension"): string;
}

/** The part of Node's `fs` that is used; with `--enable-nodejs` the page has it. */
export interface NodeFiles {
  mkdirSync(path: string, options: { recursive: true }): unknown;
  writeFileSync(path: string, data: Uint8Array | string, options?: { flag: "w" | "a" }): void;
  readFileSync(path: string): Uint8Array;
  readdirSync(path: string): string[];
  existsSync(path: string): boolean;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: true }): void;
  statSync(path: string): { size: number };
  openSync(path: string, flags: "r"): number;
  readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  closeSync(file: number): void;
}

/** What CEP answers where the script threw outside of our own handler. */
const SCRIPT_FAILED = "EvalScript error.";

/** After this long without an answer the host is taken to be in a modal dialogue, milliseconds. */
const ANSWER_TIMEOUT = 60_000;
/** What writes may take this many times as long: thousands of keyframes go into the project in one undo step. */
const WRITING_PATIENCE = 10;
const WRITING: readonly CallName[] = ["commitPaths", "placeMatte"];

/** Calls into ExtendScript, one after the other: the host has one script thread. */
export class ScriptCalls {
  readonly #cep: Cep;
  readonly #files: NodeFiles;
  readonly #folder: string;
  readonly #timeout: number;
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  /** `folder`: an existing one for the arguments' files. */
  constructor(cep: Cep, files: NodeFiles, folder: string, timeout = ANSWER_TIMEOUT) {
    this.#cep = cep;
    this.#files = files;
    this.#folder = folder;
    this.#timeout = timeout;
  }

  call<Name extends CallName>(
    name: Name,
    argument: Calls[Name]["argument"],
  ): Promise<CallAnswer<Calls[Name]["answer"]>> {
    const answer = this.#last.then(() => this.#run(name, argument));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #run<Name extends CallName>(
    name: Name,
    argument: Calls[Name]["argument"],
  ): Promise<CallAnswer<Calls[Name]["answer"]>> {
    const file = argument === null ? "" : `${this.#folder}/call-${this.#count++}.json`;
    try {
      if (file !== "") this.#files.writeFileSync(file, JSON.stringify(argument));
      return parseAnswer(
        name,
        await this.#evaluate(
          `masklet(${JSON.stringify(name)}, ${JSON.stringify(file)})`,
          this.#timeout * (WRITING.includes(name) ? WRITING_PATIENCE : 1),
        ),
      );
    } finally {
      if (file !== "") this.#files.rmSync(file, { force: true });
    }
  }

  /** The script's value as text, in turn with the calls. */
  evaluate(script: string): Promise<string> {
    const value = this.#last.then(() => this.#evaluate(script, this.#timeout));
    this.#last = value.catch(() => {});
    return value;
  }

  #evaluate(script: string, timeout: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error("After Effects did not answer; a dialogue may be open there."));
      }, timeout);
      this.#cep.evalScript(script, (result) => {
        clearTimeout(timer);
        resolve(result);
      });
    });
  }
}

function parseAnswer<T>(name: string, text: string): CallAnswer<T> {
  try {
    if (text !== SCRIPT_FAILED) return JSON.parse(text) as CallAnswer<T>;
  } catch {
    // Told below with what came.
  }
  return {
    ok: false,
    error: {
      code: "internal",
      message: `After Effects should have answered "${name}" with JSON, and answered ${JSON.stringify(text.slice(0, 80))}.`,
      remedy: "Close the Masklet panel, open it again and repeat the step.",
    },
  };
}
