/** Walks a run-length mask column by column. Pure. */

import { runsOfMask } from "../../worker/mask-rle.ts";
import type { Mask } from "../../worker/protocol.ts";

/** `visit` is called for every vertical stretch of inside pixels; `to` is one past its last row. */
export function forEachSpan(mask: Mask, visit: (column: number, from: number, to: number) => void): void {
  const { height } = mask;
  const runs = runsOfMask(mask);
  let position = 0;
  for (let index = 0; index < runs.length; index++) {
    const end = position + runs[index]!;
    while (index % 2 === 1 && position < end) {
      const column = Math.floor(position / height);
      const stop = Math.min(end, (column + 1) * height);
      visit(column, position - column * height, stop - column * height);
      position = stop;
    }
    position = end;
  }
}
