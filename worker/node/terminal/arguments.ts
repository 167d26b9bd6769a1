/** Runs in Node: a command's arguments, with answers to misspellings. */
import { parseArgs } from "node:util";
import { UsageError } from "./command.ts";

/** Each option takes a value (`text`), or none (`flag`). */
export type OptionKinds = Record<string, "text" | "flag">;

export interface ParsedArguments {
  positionals: string[];
  /** In the order of the command line; flags have the value "". */
  options: { name: string; value: string }[];
}

/** Options that every command has. */
const COMMON_OPTIONS = { quiet: "flag", help: "flag" } as const;

/** @throws UsageError */
export function parseArguments(args: readonly string[], kinds: OptionKinds): ParsedArguments {
  const all: OptionKinds = { ...kinds, ...COMMON_OPTIONS };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(all).map(([name, kind]) => [name, { type: kind === "flag" ? "boolean" : "string" }]),
    ) as Record<string, { type: "boolean" | "string" }>,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const parsed: ParsedArguments = { positionals: [], options: [] };
  for (const token of tokens) {
    if (token.kind === "positional") parsed.positionals.push(token.value);
    if (token.kind === "option") parsed.options.push(checkedOption(token.name, token.value, all));
  }
  return parsed;
}

function checkedOption(name: string, value: string | undefined, kinds: OptionKinds) {
  const kind = kinds[name];
  if (kind === undefined) {
    throw new UsageError(`There is no option --${name}${didYouMean(name, Object.keys(kinds), "--")}.`);
  }
  if (kind === "text" && value === undefined) throw new UsageError(`--${name} needs a value after it.`);
  if (kind === "flag" && value !== undefined)
    throw new UsageError(`--${name} takes no value, got "${value}".`);
  return { name, value: value ?? "" };
}

/** The value of an option that may be given once. */
export function single({ options }: ParsedArguments, name: string): string | undefined {
  const given = options.filter((option) => option.name === name);
  if (given.length > 1) throw new UsageError(`--${name} is given ${given.length} times; once is enough.`);
  return given[0]?.value;
}

export function hasFlag({ options }: ParsedArguments, name: string): boolean {
  return options.some((option) => option.name === name);
}

/** One of the words in `choices`, or `fallback` where the option is absent. */
export function choice<T extends string>(
  parsed: ParsedArguments,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const text = single(parsed, name);
  if (text === undefined) return fallback;
  const chosen = choices.find((known) => known === text);
  if (chosen) return chosen;
  throw new UsageError(`--${name} is ${choices.join(", ")}, got "${text}"${didYouMean(text, choices)}.`);
}

/** A whole number from 0 up. */
export function wholeNumber(text: string, what: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${what} is a whole number from 0 up, got "${text}".`);
}

/** " (did you mean …?)" where one known word is close. */
export function didYouMean(word: string, known: readonly string[], prefix = ""): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const isClose = near && near.distance <= Math.max(1, Math.floor(word.length / 3));
  return isClose ? ` (did you mean ${prefix}${near.candidate}?)` : "";
}

/** Letters to add, drop, change or swap with their neighbour to get from one word to the other. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const above = rows[i - 1]!;
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? rows[i - 2]![j - 2]! + 1 : change;
      row.push(Math.min(change, swap, above[j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
