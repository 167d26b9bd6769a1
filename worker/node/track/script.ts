/** Pure: a script file becomes operations. Its `ops` have the form of the recordings of upstream. */
import { resolve } from "node:path";
import { type Alternative, isAlternative } from "../../alternatives.ts";
import { TrackerError } from "../../tracker-error.ts";
import type { VisibilityWord } from "../../visibility-overrides.ts";
import type { Operation, PointsOperation, VisibilityOperation } from "./operation.ts";

export interface Script {
  operations: Operation[];
  /** Predictor flags that the file sets, by their official names. */
  flags: Record<string, number | boolean>;
}

/**
 * `text`: a list of operations, or an object with `ops` (and `attrs`: predictor flags). Mask files are
 * relative to `folder`, the script's own.
 *
 * @throws TrackerError `bad-prompt` that says which operation is wrong, and how.
 */
export function parseScript(text: string, name: string, folder: string): Script {
  const document = parseJson(text, name);
  const ops = Array.isArray(document) ? document : isRecord(document) ? document.ops : undefined;
  if (!Array.isArray(ops)) {
    throw badScript(`${name} has no operations: expected a list, or an object with "ops".`);
  }
  const operations = ops.map((value, index) =>
    new OperationReader(value, `${name}, ops[${index}]`, folder).read(),
  );
  return { operations, flags: isRecord(document) ? flagsOf(document, name) : {} };
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badScript(`${name} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}

/** Low-resolution pixels, as the official builder asks for. */
const FILLED_BY_EXTENSION = 8;

function flagsOf(document: Record<string, unknown>, name: string): Script["flags"] {
  const { attrs = {}, cc_extension } = document;
  if (!isRecord(attrs)) throw badScript(`${name}: "attrs" is an object of predictor flags.`);
  const flags: Script["flags"] = {};
  // A recording says so where upstream ran with its extension and therefore filled holes.
  if (cc_extension === true) flags.fill_hole_area = FILLED_BY_EXTENSION;
  for (const [flag, value] of Object.entries(attrs)) {
    if (typeof value !== "number" && typeof value !== "boolean") {
      throw badScript(`${name}: the flag ${flag} is a number, true or false, got ${JSON.stringify(value)}.`);
    }
    flags[flag] = value;
  }
  return flags;
}

const VISIBILITY_WORDS: readonly VisibilityWord[] = ["hidden", "visible", "model"];

/** Reads one operation; every error says where it stands and what was expected. */
class OperationReader {
  readonly #value: Record<string, unknown>;
  readonly #where: string;
  readonly #folder: string;

  constructor(value: unknown, where: string, folder: string) {
    if (!isRecord(value))
      throw badScript(`${where}: expected an object with "op", got ${JSON.stringify(value)}.`);
    this.#value = value;
    this.#where = where;
    this.#folder = folder;
  }

  read(): Operation {
    switch (this.#value.op) {
      case "points":
      case "box":
        return this.#points();
      case "mask":
        return { op: "mask", frame: this.#frame("frame"), object: this.#object(), file: this.#file() };
      case "propagate":
        return this.#propagate();
      case "clear_frame":
        return { op: "clear_frame", frame: this.#frame("frame"), object: this.#object() };
      case "remove_object":
        return { op: "remove_object", object: this.#object() };
      case "visibility":
        return this.#visibility();
      case "reset":
        return { op: "reset" };
      default:
        throw this.#wrong(
          '"op" is points, box, mask, propagate, visibility, clear_frame, remove_object or reset',
          this.#value.op,
        );
    }
  }

  #points(): PointsOperation {
    const points = this.#list("points").map(
      (point) => this.#numbers(point, 2, "a point") as [number, number],
    );
    const labels = this.#value.labels === undefined ? points.map(() => 1 as const) : this.#labels();
    if (labels.length !== points.length) {
      throw this.#wrong(`${points.length} points need ${points.length} labels`, this.#value.labels);
    }
    const box = this.#value.box === undefined ? undefined : this.#numbers(this.#value.box, 4, "a box");
    if (points.length === 0 && !box)
      throw this.#wrong('"points" or "box" says where the object is', undefined);
    const alternative = this.#alternative();
    return {
      op: "points",
      frame: this.#frame("frame"),
      object: this.#object(),
      points,
      labels,
      ...(box && { box: box as [number, number, number, number] }),
      ...(alternative && { alternative }),
      clearOldPoints: this.#flag("clear_old_points", true),
    };
  }

  #propagate(): Operation {
    const start = this.#optionalFrame("start_frame_idx");
    const maxFrames = this.#optionalFrame("max_frame_num_to_track");
    return {
      op: "propagate",
      ...(start !== undefined && { start }),
      ...(maxFrames !== undefined && { maxFrames }),
      reverse: this.#flag("reverse", false),
    };
  }

  #visibility(): VisibilityOperation {
    const [from, to] = [this.#frame("from"), this.#frame("to")];
    if (from > to) throw this.#wrong('"from" is not after "to"', [from, to]);
    const { state } = this.#value;
    if (!VISIBILITY_WORDS.includes(state as VisibilityWord))
      throw this.#wrong('"state" is hidden, visible or model', state);
    return { op: "visibility", object: this.#object(), from, to, state: state as VisibilityWord };
  }

  #frame(key: string): number {
    const value = this.#value[key];
    if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
    throw this.#wrong(`"${key}" is a whole number from 0 up`, value);
  }

  #optionalFrame(key: string): number | undefined {
    const value = this.#value[key];
    return value === undefined || value === null ? undefined : this.#frame(key);
  }

  #object(): string {
    const value = this.#value.obj;
    const name = String(value);
    const isName = typeof value === "string" || (typeof value === "number" && Number.isInteger(value));
    if (isName && isObjectName(name)) return name;
    throw this.#wrong('"obj" is a number or a name that a folder can have', value);
  }

  #file(): string {
    const value = this.#value.mask;
    if (typeof value === "string" && value !== "") return resolve(this.#folder, value);
    throw this.#wrong('"mask" is the name of a PNG file', value);
  }

  #labels(): (0 | 1)[] {
    return this.#list("labels").map((label) => {
      if (label === 0 || label === 1) return label;
      throw this.#wrong("a label is 1 (object) or 0 (not the object)", label);
    });
  }

  #alternative(): Alternative {
    const value = this.#value.alternative ?? 0;
    if (isAlternative(value)) return value;
    throw this.#wrong('"alternative" is 0 (the model\'s own choice of mask), 1 or 2', value);
  }

  #list(key: string): unknown[] {
    const value = this.#value[key] ?? [];
    if (Array.isArray(value)) return value;
    throw this.#wrong(`"${key}" is a list`, value);
  }

  #numbers(value: unknown, count: number, what: string): number[] {
    const isRight =
      Array.isArray(value) && value.length === count && value.every((part) => Number.isFinite(part));
    if (isRight) return value as number[];
    throw this.#wrong(`${what} is a list of ${count} numbers`, value);
  }

  #flag(key: string, fallback: boolean): boolean {
    const value = this.#value[key] ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.#wrong(`"${key}" is true or false`, value);
  }

  #wrong(expected: string, got: unknown): TrackerError {
    return badScript(`${this.#where}: ${expected}, got ${JSON.stringify(got) ?? "nothing"}.`);
  }
}

/** It becomes a folder: no separators, no leading dot. */
export function isObjectName(name: string): boolean {
  return /^[^./\\:*?"<>|\p{Cc}][^/\\:*?"<>|\p{Cc}]*$/u.test(name);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badScript(message: string): TrackerError {
  return new TrackerError("bad-prompt", message, "Correct the script and run it again.");
}
