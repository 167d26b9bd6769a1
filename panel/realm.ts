/** The page's surroundings: which tracker, which store and which host there are where it was opened. */
import {
  type CepPage,
  connectToAfterEffects,
  dataFolderOf,
  isCepPage,
} from "../plugin/aftereffects/cep-page.ts";
import { startEngineOf } from "../plugin/aftereffects/engine/page-engine.ts";
import { connectToPremiere, isWebviewPage, type WebviewPage } from "../plugin/bridge/page-host.ts";
import { StandaloneHost } from "../plugin/standalone/main.ts";
import type { TrackerApi } from "../worker/protocol.ts";
import { startWorker } from "./assets.ts";
import { recoveredNotice, tellOfEngine } from "./engine/engine-notices.ts";
import { engineTracker } from "./engine/engine-supply.ts";
import { silenceTeller } from "./host/host-silence.ts";
import type { Panel, Surroundings } from "./panel-context.ts";
import type { SessionStore } from "./session/session-store.ts";
import { DiskStore, type SessionFiles } from "./storage/disk-store.ts";
import { openSessionStore } from "./storage/opfs-store.ts";
import { connectTracker } from "./tracker-client.ts";

export interface Realm {
  tracker: TrackerApi;
  store: SessionStore;
  surroundings: Pick<Surroundings, "host" | "hasTimeline" | "engine">;
  /** Once there is a panel to speak through: what happened before is told then. */
  joined(panel: Panel): void;
}

export async function realmOf(page: Window): Promise<Realm> {
  if (isCepPage(page)) return inAfterEffects(page);
  const [tracker, store] = await Promise.all([workerTracker(), openSessionStore()]);
  if (isWebviewPage(page)) return { tracker, store, ...inPremiere(page as unknown as WebviewPage) };
  const surroundings = { host: new StandaloneHost(), hasTimeline: false, engine: null };
  return { tracker, store, surroundings, joined: () => {} };
}

const workerTracker = async () => connectTracker(await startWorker());

/** The host is a call away, and the tracker a process of its own, which goes when the page does. */
function inAfterEffects(page: CepPage & Window): Realm {
  const host = connectToAfterEffects(page);
  let tellRecovery = (_why: string): void => {};
  const start = (secret: { variable: string; value: string }) => startEngineOf(page, secret);
  const { tracker, state, end } = engineTracker(start, workerTracker, (why) => tellRecovery(why));
  page.addEventListener("pagehide", end);
  const files = page.cep_node.require("fs") as SessionFiles;
  return {
    tracker,
    store: new DiskStore(files, `${dataFolderOf(page.__adobe_cep__)}/sessions`),
    surroundings: { host, hasTimeline: true, engine: state },
    joined: ({ session }) => {
      const { notice } = session.state;
      tellOfEngine(state, session.state);
      tellRecovery = (why) => {
        notice.value = recoveredNotice(why);
      };
    },
  };
}

/** The host is behind the webview's message bridge. */
function inPremiere(page: WebviewPage): Pick<Realm, "surroundings" | "joined"> {
  let tellSilence = (_isSilent: boolean): void => {};
  const events = { connected: () => {}, silent: (isSilent: boolean) => tellSilence(isSilent) };
  return {
    surroundings: { host: connectToPremiere(page, events), hasTimeline: true, engine: null },
    joined: ({ session }) => {
      tellSilence = silenceTeller(session.state.notice);
    },
  };
}
