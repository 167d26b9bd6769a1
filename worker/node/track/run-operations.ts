/** Runs in Node: operations on a session, one after the other, with what each gave. */
import type { FrameResults } from "../../session-results.ts";
import { TrackerError } from "../../tracker-error.ts";
import type { TrackingSession } from "../../tracking-session.ts";
import type { MaskFiles } from "./check-operations.ts";
import type { Operation } from "./operation.ts";

export interface OperationResult {
  /** Index of the operation. */
  operation: number;
  results: FrameResults;
}

/** Names of objects and the numbers that a session knows them by. */
export class ObjectNames {
  readonly #ids = new Map<string, number>();

  /** A name that is a number keeps it, as upstream's object ids. */
  constructor(operations: readonly Operation[]) {
    const names = new Set(
      operations.flatMap((operation) => ("object" in operation ? [operation.object] : [])),
    );
    for (const name of names) if (/^\d+$/.test(name)) this.#ids.set(name, Number(name));
    let next = 1;
    for (const name of names) {
      if (this.#ids.has(name)) continue;
      while ([...this.#ids.values()].includes(next)) next++;
      this.#ids.set(name, next);
    }
  }

  idOf(name: string): number {
    return this.#ids.get(name)!;
  }

  nameOf(id: number): string {
    for (const [name, known] of this.#ids) if (known === id) return name;
    return String(id);
  }
}

/** Given: a pass ends before the first frame of another shot, which is told. */
type CutListener = (frameIndex: number) => void;

/** Ends without a word where `signal` is aborted. */
export async function* runOperations(
  session: TrackingSession,
  operations: readonly Operation[],
  names: ObjectNames,
  masks: MaskFiles,
  signal: AbortSignal,
  onCut?: CutListener,
): AsyncGenerator<OperationResult> {
  for (const [index, operation] of operations.entries()) {
    if (signal.aborted) return;
    try {
      for await (const results of runOperation(session, operation, names, masks, signal, onCut)) {
        yield { operation: index, results };
      }
    } catch (error) {
      if (signal.aborted) return;
      throw inOperation(error, index, operation, operations.length);
    }
  }
}

async function* runOperation(
  session: TrackingSession,
  operation: Operation,
  names: ObjectNames,
  masks: MaskFiles,
  signal: AbortSignal,
  onCut: CutListener | undefined,
): AsyncGenerator<FrameResults> {
  switch (operation.op) {
    case "points": {
      const { frame, object, points, labels, box, alternative, clearOldPoints } = operation;
      yield await session.addPoints(frame, names.idOf(object), {
        points,
        labels,
        ...(box && { box }),
        ...(alternative && { alternative }),
        clearOldPoints,
      });
      return;
    }
    case "mask":
      yield await session.addMask(operation.frame, names.idOf(operation.object), masks.get(operation.file)!);
      return;
    case "propagate": {
      const { start, maxFrames, reverse } = operation;
      yield* session.propagate({
        ...(start !== undefined && { start }),
        ...(maxFrames !== undefined && { maxFrames }),
        reverse,
        signal,
        ...(onCut && { onCut }),
      });
      return;
    }
    case "clear_frame":
      yield await session.clearFrame(operation.frame, names.idOf(operation.object));
      return;
    case "remove_object":
      yield* await session.removeObject(names.idOf(operation.object));
      return;
    case "visibility":
      return; // of the mattes alone, see `visible-output.ts`
    case "reset":
      session.reset();
  }
}

function inOperation(error: unknown, index: number, { op }: Operation, count: number): unknown {
  if (!(error instanceof TrackerError) || count < 2) return error;
  return new TrackerError(error.code, `Operation ${index} (${op}): ${error.message}`, error.remedy, error);
}
