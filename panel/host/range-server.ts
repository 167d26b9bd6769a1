/** Gives the tracker ranges of a file that only the host can read. No DOM. */
import { decodeBase64 } from "../../plugin/bridge/base64.ts";
import type { HostApi } from "../../plugin/protocol.ts";
import type { RangeAnswer, RangeRequest } from "../../worker/protocol.ts";

/** The other end of the returned port asks; see `RangeRequest`. */
export function serveRanges(host: HostApi, clipId: string): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = async (event: MessageEvent<RangeRequest>) => {
    const answer = await answerTo(host, clipId, event.data);
    port1.postMessage(answer, "bytes" in answer ? [answer.bytes] : []);
  };
  return port2;
}

async function answerTo(
  host: HostApi,
  clipId: string,
  { id, start, end }: RangeRequest,
): Promise<RangeAnswer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  // A host answers with less than asked for where that keeps its messages small.
  while (filled < bytes.length) {
    const outcome = await host.readMedia(clipId, start + filled, bytes.length - filled);
    if (!outcome.ok) return { id, error: outcome.error.message };
    const part = decodeBase64(outcome.value);
    if (part.length === 0) return { id, error: `The file ends at ${start + filled} instead of ${end}.` };
    bytes.set(part, filled);
    filled += part.length;
  }
  return { id, bytes: bytes.buffer };
}
