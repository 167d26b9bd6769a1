/** What a person corrected, as the file that `masklet dataset export` takes. No DOM. */
import { recordSession, trackRecordJson } from "../../worker/evaluation/track-record.ts";
import type { ClipInfo } from "../../worker/protocol.ts";
import { isWithin } from "../../worker/visibility-overrides.ts";
import type { SessionDocument, TrackedObject } from "./document.ts";

/** Masks that are out of date, or that the person says should not be there, are left out. Null when nothing is left. */
export function trainingRecord(
  document: SessionDocument,
  clip: ClipInfo,
  model: string,
  madeAt: Date,
): string | null {
  const objects = document.objects.map((object) => ({ ...object, records: currentRecords(object) }));
  // The page can't read a whole media file to recognise it by; the command line can.
  const source = { model, madeAt: madeAt.toISOString() };
  const record = recordSession({ ...clip, fingerprint: "" }, objects, source);
  return record.objects.length === 0 ? null : trackRecordJson(record);
}

function currentRecords({ records, visibility }: TrackedObject): TrackedObject["records"] {
  const refused = visibility.filter(({ state }) => state === "hidden");
  return new Map(
    [...records].filter(([frame, record]) => record.staleSince === null && !isWithin(refused, frame)),
  );
}
