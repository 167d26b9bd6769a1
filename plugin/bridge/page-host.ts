/** The page's end of the bridge inside a UXP webview: Premiere as a `HostApi`. Runs in the page. */
import type { BridgeEvents } from "./calls.ts";
import { RemoteHost } from "./host-bridge.ts";
import type { Timers } from "./reliable-link.ts";

/** What a page in a UXP webview has; `uxpHost` exists in the main document only. */
export interface WebviewPage {
  uxpHost: { postMessage(message: unknown): void };
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  setTimeout(run: () => void, milliseconds: number): number;
  clearTimeout(timer: number): void;
}

/** Whether a page runs inside a UXP webview. */
export function isWebviewPage(page: object): boolean {
  return "uxpHost" in page;
}

export function connectToPremiere(page: WebviewPage, events: BridgeEvents): RemoteHost {
  const host = new RemoteHost((packet) => page.uxpHost.postMessage(packet), timersOf(page), events);
  page.addEventListener("message", (event) => host.bridge.receive(event.data));
  return host;
}

export function timersOf(page: Pick<WebviewPage, "setTimeout" | "clearTimeout">): Timers {
  return {
    now: () => Date.now(),
    after(milliseconds, run) {
      const timer = page.setTimeout(run, milliseconds);
      return () => page.clearTimeout(timer);
    },
  };
}
