/** Runs as a process of its own beside After Effects: the tracker with native ONNX Runtime. See `engine-server.ts`. */
import { Socket } from "node:net";
import { SECRET_VARIABLE } from "../engine/contract.ts";
import { engineRealm } from "./engine-realm.ts";
import { serveEngine } from "./engine-server.ts";

/** Where the parent reads. */
const ANSWERS = 3;
/** How often the engine looks whether its parent still lives, milliseconds: a pipe may be held by a third. */
const PARENT_INTERVAL = 3_000;
const REFUSED = 3;

function main(): void {
  const secret = process.env[SECRET_VARIABLE] ?? "";
  delete process.env[SECRET_VARIABLE];
  if (secret === "") {
    process.stderr.write("This is the tracker behind Masklet's panel, which starts it by itself.\n");
    process.exit(REFUSED);
  }
  // A fault in one call is answered to the panel; what nobody waits for must not end the work of the others.
  process.on("unhandledRejection", (error) => process.stderr.write(`${String(error)}\n`));
  watchParent(process.ppid);
  const output = answers();
  serveEngine({
    realm: engineRealm(),
    secret,
    input: process.stdin,
    output,
    end: (reason, why) => {
      process.stderr.write(`The engine ends: ${why}.\n`);
      process.exit(reason === "refused" ? REFUSED : 0);
    },
  });
}

/** Whoever starts an engine without a pipe to answer on is not its panel. */
function answers(): Socket {
  try {
    return new Socket({ fd: ANSWERS, readable: false, writable: true });
  } catch (error) {
    process.stderr.write(`The engine has nowhere to answer: ${String(error)}\n`);
    process.exit(REFUSED);
  }
}

function watchParent(parent: number): void {
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, PARENT_INTERVAL).unref();
}

main();
