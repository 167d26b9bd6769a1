/** The page's layout. */
import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ClipsDialog } from "./clips-dialog.tsx";
import { EnginePanel } from "./engine/engine-panel.tsx";
import { HostPanel } from "./host/host-panel.tsx";
import { ModelDialog } from "./model-picker/model-dialog.tsx";
import { FramePanel } from "./objects/frame-panel.tsx";
import { ObjectPanel } from "./objects/object-panel.tsx";
import { ExportDialog } from "./output/export-dialog.tsx";
import { MaskPathPanel } from "./output/mask-path-panel.tsx";
import { MattePanel } from "./output/matte-panel.tsx";
import { type Panel, PanelContext } from "./panel-context.ts";
import { ReviewPanel } from "./review/review-panel.tsx";
import { Timeline } from "./timeline/timeline.tsx";
import { Transport } from "./tracking/transport.tsx";
import { commandFor, runKey } from "./ui/commands.ts";
import { Help } from "./ui/help.tsx";
import { NoticeBar } from "./ui/notice.tsx";
import { TopBar } from "./ui/top-bar.tsx";
import { Guide } from "./viewer/guide.tsx";
import { Toolbar } from "./viewer/toolbar.tsx";
import { Viewer } from "./viewer/viewer.tsx";

export function App({ panel }: { panel: Panel }) {
  useKeys(panel);
  useTheme(panel);
  useSignalEffect(() => {
    const { clip } = panel.session.state;
    document.title = clip.value.phase === "ready" ? `${clip.value.info.name} – Masklet` : "Masklet";
  });
  return (
    <PanelContext.Provider value={panel}>
      <div class="app" {...dropTarget(panel)}>
        <TopBar />
        <main class="work">
          <Toolbar />
          <div class="view">
            <Viewer />
            <Guide />
            {/* A dialogue covers the page, and says itself what went wrong in it. */}
            {panel.dialog.value === null && <NoticeBar />}
          </div>
          <aside class="side" aria-label="Objects and review">
            <HostPanel />
            <ObjectPanel />
            <FramePanel />
            <ReviewPanel />
            <MattePanel />
            <MaskPathPanel />
            <EnginePanel />
          </aside>
        </main>
        <footer class="bottom">
          <Transport />
          <Timeline />
        </footer>
        <Dialogs panel={panel} />
        <Announcer panel={panel} />
      </div>
    </PanelContext.Provider>
  );
}

function Dialogs({ panel }: { panel: Panel }) {
  switch (panel.dialog.value) {
    case "help":
      return <Help />;
    case "models":
      return <ModelDialog />;
    case "export":
      return <ExportDialog />;
    case "clips":
      return <ClipsDialog />;
    case null:
      return null;
  }
}

/** Says what sighted people see change: the beginning and the end of a track. */
function Announcer({ panel }: { panel: Panel }) {
  const { tracking, document } = panel.session.state;
  const left = document.value.pending.length > 0;
  const tracked = document.value.objects.some((object) => object.records.size > 1);
  const words =
    tracking.value.phase === "propagating" ? "Tracking" : left ? "Stopped" : tracked ? "Tracked" : "";
  return (
    <div class="hidden-text" role="status">
      {words}
    </div>
  );
}

function useKeys(panel: Panel): void {
  useEffect(() => {
    const { space } = panel.viewer;
    const down = (event: KeyboardEvent) => {
      if (event.key !== " ") return void runKey(event, panel.commands);
      const command = commandFor(event, panel.commands);
      if (!command) return;
      event.preventDefault();
      if (!event.repeat) space.value = "held";
    };
    const up = (event: KeyboardEvent) => {
      if (event.key !== " ") return;
      if (space.value === "held") panel.playback.toggle();
      space.value = "up";
    };
    const leave = () => {
      space.value = "up";
    };
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", leave);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", leave);
    };
  }, [panel]);
}

function useTheme({ preferences }: Panel): void {
  useSignalEffect(() => {
    document.documentElement.dataset.theme = preferences.theme.value;
  });
}

function dropTarget(panel: Panel) {
  return {
    onDragOver: (event: DragEvent) => event.preventDefault(),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      void panel.openFiles([...(event.dataTransfer?.files ?? [])]);
    },
  };
}
