/** Runs in Node: where this machine has a Chromium; see also the README on what tests need. */
import { existsSync } from "node:fs";

const KNOWN_PLACES = [
  process.env.CHROME_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/microsoft-edge",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** @throws Error with the line that helps, where there is none. */
export function browserPath(): string {
  const found = KNOWN_PLACES.find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error("Expected Chrome, Chromium or Edge, found none. Install one, or set CHROME_PATH to it.");
}
