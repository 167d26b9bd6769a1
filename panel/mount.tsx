/** Puts the panel together and draws it. In the page; whoever calls it brings tracker and surroundings. */
import { signal } from "@preact/signals";
import { render } from "preact";
import type { TrackerApi } from "../worker/protocol.ts";
import { App } from "./app.tsx";
import { chooseFiles, openFiles } from "./files.ts";
import { HostTimeline } from "./host/host-timeline.ts";
import { MaskPaths } from "./output/mask-paths.ts";
import type { Dialog, Panel, Surroundings } from "./panel-context.ts";
import { Session } from "./session/session.ts";
import type { SessionStore } from "./session/session-store.ts";
import { createCommands } from "./ui/commands.ts";
import { keepSpeeds } from "./ui/kept-speeds.ts";
import { createPreferences } from "./ui/preferences.ts";
import { Playback } from "./viewer/playback.ts";
import { ViewerModel } from "./viewer/viewer-model.ts";

export function mountPanel(
  root: HTMLElement,
  tracker: TrackerApi,
  store: SessionStore,
  surroundings: Surroundings,
): Panel {
  const session = new Session(tracker, store);
  const preferences = createPreferences();
  keepSpeeds(session.state);
  const viewer = new ViewerModel(session, preferences);
  const hostTimeline = surroundings.hasTimeline
    ? new HostTimeline(surroundings.host, session, () => writesMovies(surroundings))
    : null;
  const panel: Panel = {
    session,
    viewer,
    playback: new Playback(session, viewer),
    maskPaths: new MaskPaths(session, () => hostTimeline?.pathOrder ?? null),
    preferences,
    surroundings,
    hostTimeline,
    dialog: signal<Dialog | null>(null),
    commands: [],
    chooseFiles,
    openFiles: (files) => openFiles(session, files),
  };
  panel.commands = createCommands(panel);
  render(<App panel={panel} />, root);
  // The last moment at which a page may still write: it may be closed from here on.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && session.state.saving.value === "unsaved")
      void session.keeper.flush();
  });
  return panel;
}

/** The engine writes files itself, and movies with the codecs that a person has installed for it. */
function writesMovies({ engine }: Surroundings): boolean {
  const state = engine?.value;
  return state?.phase === "running" && state.codecsProblem === "";
}

/** What the page does by itself: the built-in model, and the host's clip, the last one or the demo. */
export async function startPanel({ session, surroundings, hostTimeline }: Panel): Promise<void> {
  const model = session.models.refresh().then(() => loadFirstModel(session));
  if (hostTimeline) {
    await hostTimeline.openSelection();
    return model;
  }
  const [last] = await session.store.list();
  const restored = last ? await session.openStored(last.key) : false;
  if (!restored && surroundings.loadDemo) {
    const demo = await surroundings.loadDemo();
    await session.openClip({ kind: "media", ...demo });
  }
  await model;
}

async function loadFirstModel(session: Session): Promise<void> {
  const builtin = session.state.models.value.find((model) => model.state === "builtin");
  if (builtin) await session.models.load({ kind: "listed", id: builtin.id });
}
