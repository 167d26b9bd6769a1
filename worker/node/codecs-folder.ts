/** Runs in the engine process: finds the codecs that a person has installed outside of the panel's folder. */
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Runs in Node's thread for finding modules. The codecs must register with the engine's own copy of
 * mediabunny, not with the one that was installed beside them.
 */
const HOOKS = `
let places;
export const initialize = (given) => { places = given; };
export async function resolve(specifier, context, next) {
  // Node changes the context that it gave: what a first try was told stays for the second.
  const { parentURL } = context;
  if (specifier === "@mediabunny/server")
    return next(specifier, { ...context, parentURL: places.codecs }).catch(() => next(specifier, { parentURL }));
  const fromCodecs = parentURL?.startsWith(places.codecs);
  if (specifier === "mediabunny" && fromCodecs) return next(specifier, { ...context, parentURL: places.engine });
  return next(specifier, context);
}`;

/** `folder`: where "npm install --prefix FOLDER @mediabunny/server" was run, if it was. */
export function useCodecsOf(folder: string): void {
  const codecs = pathToFileURL(join(folder, "/")).href;
  const data = { codecs, engine: import.meta.url };
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { parentURL: import.meta.url, data });
}
