/** Tells the person when the host stops answering and when it is back. No DOM. */
import type { Signal } from "@preact/signals";
import type { Notice } from "../session/session-state.ts";

const SILENT: Notice = {
  tone: "warning",
  message:
    "Premiere does not answer at the moment. Nothing is lost; what waits for it goes on when it is back.",
  remedy:
    "Close dialogues that are open in Premiere. If it stays silent, close the Masklet panel and open it again.",
};

/** What the bridge calls; the notice goes when the host is heard again, unless another has taken its place. */
export function silenceTeller(notice: Signal<Notice | null>): (isSilent: boolean) => void {
  return (isSilent) => {
    if (isSilent) notice.value = SILENT;
    else if (notice.value === SILENT) notice.value = null;
  };
}
