/** Pure: what every operation said about every frame and object, as the report file holds it. */
import { maskArea, maskBox } from "../../mask-rle.ts";
import type { FrameResults, ObjectResult } from "../../session-results.ts";
import type { Operation } from "./operation.ts";

interface ReportedObject {
  object: string;
  /** Logit; above 0 means visible. Null where the object has no result on this frame. */
  object_score_logit: number | null;
  predicted_iou: number | null;
  /** Pixels. */
  area: number;
  /** [x0, y0, x1, y1] in pixels, the last two one past the end; null for an empty mask. */
  box: [number, number, number, number] | null;
  milliseconds: number;
}

interface ReportedOperation {
  index: number;
  operation: Operation;
  frames: { frame: number; objects: ReportedObject[] }[];
}

export class TrackReport {
  readonly #operations: ReportedOperation[];
  readonly #nameOf: (objectId: number) => string;

  constructor(operations: readonly Operation[], nameOf: (objectId: number) => string) {
    this.#nameOf = nameOf;
    this.#operations = operations.map((operation, index) => ({ index, operation, frames: [] }));
  }

  add(operation: number, { frameIndex, objects }: FrameResults): void {
    this.#operations[operation]!.frames.push({
      frame: frameIndex,
      objects: objects.map((object) => this.#describe(object)),
    });
  }

  #describe({ objectId, output, mask, milliseconds }: ObjectResult): ReportedObject {
    const box = maskBox(mask);
    return {
      object: this.#nameOf(objectId),
      object_score_logit: output?.objectScore ?? null,
      predicted_iou: output?.predictedIou ?? null,
      area: maskArea(mask),
      box: box && [box.x0, box.y0, box.x1, box.y1],
      milliseconds: Math.round(milliseconds * 100) / 100,
    };
  }

  /** `about`: what else the file says, e.g. clip and model. */
  text(about: Record<string, unknown>): string {
    return `${JSON.stringify({ ...about, operations: this.#operations }, null, 1)}\n`;
  }
}
