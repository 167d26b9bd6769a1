/**
 * Test support, in Node: what After Effects' panels run on (CEP 12: Chromium 99), and what came later.
 * Versions are those of MDN's compatibility tables.
 */
import { type Node, parse } from "acorn";

/** The newest JavaScript that Chromium 99 parses as a whole. */
const NEWEST_SCRIPT = 2022;

/** Members and globals by the first Chromium that has them; esbuild lowers syntax, not these. */
const NEWER_APIS: Readonly<Record<string, number>> = {
  throwIfAborted: 100,
  createSyncAccessHandle: 102,
  requestStorageAccess: 119,
  checkVisibility: 105,
  canParse: 120,
  toSorted: 110,
  toReversed: 110,
  toSpliced: 110,
  isWellFormed: 111,
  toWellFormed: 111,
  showPopover: 114,
  hidePopover: 114,
  togglePopover: 114,
  startViewTransition: 111,
  groupBy: 117,
  withResolvers: 119,
  fromAsync: 121,
  isSubsetOf: 122,
  isSupersetOf: 122,
  isDisjointFrom: 122,
  symmetricDifference: 122,
  transferToFixedLength: 114,
  setHTMLUnsafe: 124,
  fromBase64: 140,
  toBase64: 140,
  setFromBase64: 140,
  f16round: 135,
  Float16Array: 135,
  getFloat16: 135,
  setFloat16: 135,
  SuppressedError: 134,
  DisposableStack: 134,
  AsyncDisposableStack: 134,
  Suspending: 137,
  promising: 137,
};

/** Static methods that share their name with older ones. */
const NEWER_STATICS: Readonly<Record<string, number>> = {
  "AbortSignal.any": 116,
  "AbortSignal.timeout": 103,
  "Promise.try": 128,
  "Response.json": 105,
  "RegExp.escape": 136,
  "Iterator.from": 122,
};

/** Everything that came after Chromium 99 and can be taken away, as a script for a page or a worker. */
export const TAKE_AWAY_NEWER = `(() => {
  const names = ${JSON.stringify([
    ...Object.keys(NEWER_APIS),
    ...Object.keys(NEWER_STATICS),
    ...["ArrayBuffer.prototype.transfer", "ArrayBuffer.prototype.resize", "Array.prototype.with"],
    ...["Navigator.prototype.gpu", "WorkerNavigator.prototype.gpu", "Set.prototype.union"],
    ...[
      "map",
      "filter",
      "take",
      "drop",
      "flatMap",
      "reduce",
      "toArray",
      "forEach",
      "some",
      "every",
      "find",
    ].map((helper) => `Iterator.prototype.${helper}`),
    "ReadableStream.prototype.values",
  ])};
  const owners = Object.getOwnPropertyNames(globalThis).flatMap((name) => {
    const value = Object.getOwnPropertyDescriptor(globalThis, name).value;
    return typeof value === "function" ? [value, value.prototype].filter(Boolean) : [];
  });
  for (const name of names) {
    const path = name.split(".");
    const last = path.pop();
    const owner = path.reduce((object, part) => object?.[part], globalThis);
    for (const each of path.length > 0 ? [owner] : [globalThis, ...owners]) if (each) delete each[last];
  }
  if (globalThis.ReadableStream) delete ReadableStream.prototype[Symbol.asyncIterator];
})();`;

/** What the text of a style sheet must not hold, by the first Chromium that understands it. */
const NEWER_STYLES: readonly (readonly [pattern: RegExp, name: string, since: number])[] = [
  [/:has\(/, ":has()", 105],
  [/@container\b|container-(type|name)\s*:|[\d.]cq(w|h|i|b|min|max)\b/, "container queries", 105],
  [/color-mix\(/, "color-mix()", 111],
  [/\b(ok)?(lab|lch)\(|\bcolor\(/, "lab(), lch(), oklab(), oklch(), color()", 111],
  [/\((from)\s/, "relative colours", 119],
  [/light-dark\(/, "light-dark()", 123],
  [/&/, "nesting", 112],
  [/\(\s*(width|height)\s*[<>]|[<>]=?\s*(width|height)\s*\)/, "ranges in media queries", 104],
  [/[;{](translate|rotate|scale)\s*:/, "individual transforms", 104],
  [/[\d.](d|s|l)v(w|h|min|max|i|b)\b/, "dynamic viewport units", 108],
  [/[\d.](lh|rlh|cap|ic|ex)\b/, "units by line and capital height", 109],
  [/text-wrap\s*:/, "text-wrap", 114],
  [/\bsubgrid\b/, "subgrid", 117],
  [/@scope\b|@starting-style\b|@view-transition\b|@position-try\b/, "@scope, @starting-style and later", 117],
  [
    /field-sizing\s*:|interpolate-size\s*:|anchor-name\s*:|position-anchor\s*:/,
    "field-sizing and later",
    123,
  ],
  [/:(user-(in)?valid|dir\(|modal|popover-open|open)\b/, "newer pseudo-classes", 105],
  [/\b(sin|cos|tan|atan2?|asin|acos|pow|sqrt|hypot|exp|round|mod|rem|abs|sign)\(/, "newer functions", 111],
  [/(^|[;{])mask(-image|-size|-position|-repeat|-composite)?\s*:/, "mask without prefix", 120],
  [/animation-timeline\s*:|scroll-timeline|view-timeline/, "timelines of scrolling", 115],
];

/** Names of what a script uses and Chromium 99 lacks; throws where it doesn't even parse. */
export function newerApisIn(code: string): string[] {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (!node || typeof node !== "object") return;
    for (const name of namesOf(node as Node)) if (isNewer(name)) found.add(name);
    for (const child of Object.values(node)) if (child && typeof child === "object") visit(child);
  };
  visit(parse(code, { ecmaVersion: NEWEST_SCRIPT, sourceType: "module" }));
  return [...found].sort();
}

const isNewer = (name: string) => Object.hasOwn(NEWER_APIS, name) || Object.hasOwn(NEWER_STATICS, name);

/** `a.b` gives "b" and "a.b", a name by itself the name. */
function namesOf(node: Node): string[] {
  const { type, object, property, computed, name } = node as Node & {
    object?: { name?: string };
    property?: { name?: string };
    computed?: boolean;
    name?: string;
  };
  if (type === "MemberExpression" && !computed && property?.name)
    return [property.name, `${object?.name}.${property.name}`];
  return type === "Identifier" && name && /^[A-Z]/.test(name) ? [name] : [];
}

export function newerStylesIn(css: string): string[] {
  return NEWER_STYLES.filter(([pattern]) => pattern.test(css)).map(([, name]) => name);
}
