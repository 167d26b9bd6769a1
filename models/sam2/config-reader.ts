/** Pure: takes typed values out of a parsed configuration file; errors name the key. */
import { badConfig } from "../model-error.ts";

const FIX_IT = "Correct the configuration file, or use the one that belongs to the checkpoint.";

/** One mapping of the file, e.g. "model.image_encoder.trunk". A key that nobody asked for is an error. */
export class ConfigSection {
  readonly path: string;
  readonly #values: Record<string, unknown>;
  readonly #asked = new Set<string>();

  constructor(path: string, values: unknown) {
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw badConfig(`${path}: expected keys with values, got ${describe(values)}.`, FIX_IT);
    }
    this.path = path;
    this.#values = values as Record<string, unknown>;
  }

  has(key: string): boolean {
    return this.#take(key) !== undefined;
  }

  section(key: string): ConfigSection {
    return new ConfigSection(this.#pathOf(key), this.#take(key));
  }

  /** An absent section is an empty one: all its keys have defaults. */
  sectionOrEmpty(key: string): ConfigSection {
    return new ConfigSection(this.#pathOf(key), this.#take(key) ?? {});
  }

  integer(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isInteger(value)) throw this.#wrong(key, "a whole number");
    return value;
  }

  positive(key: string, fallback?: number): number {
    const value = this.integer(key, fallback);
    if (value < 1) throw this.#wrong(key, "a whole number above 0");
    return value;
  }

  number(key: string, fallback?: number): number {
    const value = this.#take(key) ?? fallback;
    if (typeof value !== "number" || Number.isNaN(value)) throw this.#wrong(key, "a number");
    return value;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#take(key) ?? fallback;
    if (typeof value !== "boolean") throw this.#wrong(key, "true or false");
    return value;
  }

  integers(key: string, fallback?: number[]): number[] {
    const value = this.#take(key) ?? fallback;
    if (!Array.isArray(value) || !value.every(Number.isInteger))
      throw this.#wrong(key, "a list of whole numbers");
    return value as number[];
  }

  choice<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.#take(key) ?? fallback;
    if (!choices.includes(value as T)) throw this.#wrong(key, choices.join(" or "));
    return value as T;
  }

  /** Keys that upstream knows and that make no difference here (training, compilation). */
  ignore(...keys: string[]): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** Only one value can be built; upstream's classes take others. */
  expect(key: string, only: number | boolean | string, fallback = only): void {
    const value = this.#take(key) ?? fallback;
    if (value !== only) throw this.#wrong(key, `${only}, the only value that can be built`);
  }

  /** Every number or flag that is there under one of these names. */
  overrides(keys: readonly string[]): Record<string, number | boolean> {
    const found: Record<string, number | boolean> = {};
    for (const key of keys) {
      const value = this.#take(key);
      if (value === undefined || value === null) continue;
      if (typeof value !== "number" && typeof value !== "boolean")
        throw this.#wrong(key, "a number or a flag");
      found[key] = value;
    }
    return found;
  }

  /** Upstream's classes refuse a key that they do not know; a typing error must not pass unseen. */
  finish(): void {
    for (const key of Object.keys(this.#values)) {
      if (this.#asked.has(key) || key === "_target_") continue;
      throw badConfig(`${this.#pathOf(key)}: this key is not known.`, FIX_IT);
    }
  }

  fail(key: string, expected: string): Error {
    return this.#wrong(key, expected);
  }

  #take(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key] ?? undefined;
  }

  #pathOf(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  #wrong(key: string, expected: string): Error {
    return badConfig(
      `${this.#pathOf(key)}: expected ${expected}, got ${describe(this.#values[key])}.`,
      FIX_IT,
    );
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
