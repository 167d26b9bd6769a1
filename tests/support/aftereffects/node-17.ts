/**
 * Test support, in Node: file calls as the Node in CEP 12 has them (17.7). What came later is not there, and
 * options that came later are passed over without a word. Versions: the histories in Node's documentation.
 */
import fs from "node:fs";

/** Members of Node's modules that came after 17.7. */
export const NEWER_IN_NODE = [
  ...["openAsBlob", "statfsSync", "globSync", "mkdtempDisposableSync"],
  ...["getBuiltinModule", "availableMemory", "constrainedMemory", "loadEnvFile", "addAbortListener"],
] as const;

const NEWER_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  readdirSync: ["recursive"],
  writeFileSync: ["flush"],
  appendFileSync: ["flush"],
  cpSync: ["mode"],
};

type FileCall = (...args: unknown[]) => unknown;

export const node17Files: Readonly<Record<string, FileCall>> = Object.fromEntries(
  Object.entries(fs as unknown as Record<string, FileCall>)
    .filter(([name, call]) => typeof call === "function" && !NEWER_IN_NODE.some((newer) => newer === name))
    .map(([name, call]) => [name, (...args) => call(...args.map((arg) => withoutNewer(name, arg)))]),
);

function withoutNewer(name: string, arg: unknown): unknown {
  const newer = NEWER_OPTIONS[name];
  if (!newer || typeof arg !== "object" || arg === null || ArrayBuffer.isView(arg)) return arg;
  return Object.fromEntries(Object.entries(arg).filter(([option]) => !newer.includes(option)));
}
