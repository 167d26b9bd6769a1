/** Clip, undo and redo, export, model, help. */

import { usePanel } from "../panel-context.ts";
import type { ModelState } from "../session/session-state.ts";
import { openClipOf } from "../session/session-state.ts";
import { keysFor } from "./commands.ts";
import { IconButton } from "./controls.tsx";
import { codecName, duration, loading, rate } from "./format.ts";
import { Icon } from "./icon.tsx";
import type { Theme } from "./preferences.ts";

export function TopBar() {
  const { session, dialog, commands } = usePanel();
  const { undoLabel, redoLabel } = session.state;
  const keys = (label: string) => keysFor(commands, label);
  return (
    <header class="top-bar">
      <ClipButton />
      <SaveMark />
      <span class="spacer" />
      <IconButton
        icon="undo"
        label={undoLabel.value ? `Undo: ${undoLabel.value}` : "Undo"}
        keys={keys("Undo")}
        disabled={undoLabel.value === null}
        onClick={() => session.undo()}
      />
      <IconButton
        icon="redo"
        label={redoLabel.value ? `Redo: ${redoLabel.value}` : "Redo"}
        keys={keys("Redo")}
        disabled={redoLabel.value === null}
        onClick={() => session.redo()}
      />
      <span class="divider" />
      <button
        type="button"
        class="button"
        title={`Export (${keys("Export")})`}
        onClick={() => (dialog.value = "export")}
      >
        <Icon name="export" />
        <span class="wide-only">Export</span>
      </button>
      <ModelButton />
      <ThemeButton />
      <IconButton icon="help" label="Mouse and keys" keys="?" onClick={() => (dialog.value = "help")} />
    </header>
  );
}

function ClipButton() {
  const { session, dialog } = usePanel();
  const { clip, opening } = session.state;
  const info = openClipOf(session.state);
  const name =
    clip.value.phase === "none"
      ? (opening.value ?? "Open a clip")
      : clip.value.phase === "ready"
        ? clip.value.info.name
        : clip.value.name;
  const facts = info && [
    `${info.width} × ${info.height}`,
    `${rate(info.framesPerSecond)} fps${info.variableFrameRate ? " (variable)" : ""}`,
    duration(info.durationSeconds),
    codecName(info.codec),
  ];
  return (
    <button type="button" class="clip-button" title="Clips" onClick={() => (dialog.value = "clips")}>
      <Icon name="folder" />
      <span class="clip-name">{name}</span>
      {!info && opening.value !== null && <span class="clip-facts">opening …</span>}
      {facts && (
        <span class="clip-facts wide-only" title={info ? `Codec: ${info.codec}` : ""}>
          {facts.join("  ·  ")}
        </span>
      )}
    </button>
  );
}

function SaveMark() {
  const { session } = usePanel();
  const { saving, clip } = session.state;
  if (clip.value.phase !== "ready") return null;
  const words = { saved: "Saved", saving: "Saving", unsaved: "Edited", unavailable: "Not saved" } as const;
  const why =
    saving.value === "unavailable"
      ? "This browser keeps nothing for this page. Save the session as a file."
      : "Kept on this machine as you go.";
  return (
    <span class={`save-mark save-${saving.value} wide-only`} title={why}>
      {words[saving.value]}
    </span>
  );
}

const BACKENDS = { webgpu: "WebGPU", wasm: "WASM", native: "native" } as const;

function modelWords(model: ModelState): string {
  switch (model.phase) {
    case "none":
      return "No model";
    case "loading":
      return loading(model.progress);
    case "ready": {
      const { backend, threads } = model.model;
      return `${BACKENDS[backend]}${threads > 1 ? ` · ${threads} threads` : ""}`;
    }
    case "failed":
      return "Model failed";
  }
}

function ModelButton() {
  const { session, dialog } = usePanel();
  const { model, models } = session.state;
  const state = model.value;
  const title =
    state.phase === "none" ? "" : (models.value.find(({ id }) => id === state.id)?.title ?? state.id);
  return (
    <button
      type="button"
      class={`button model-button model-${state.phase}`}
      title={`Model: ${title || "none"}, ${modelWords(state)}`}
      onClick={() => (dialog.value = "models")}
    >
      <Icon name="chip" />
      <span class="wide-only model-title">{title}</span>
      <span class="wide-only model-where">{modelWords(state)}</span>
    </button>
  );
}

const NEXT_THEME: Record<Theme, Theme> = { auto: "dark", dark: "light", light: "auto" };

function ThemeButton() {
  const { preferences } = usePanel();
  const { theme } = preferences;
  const words = { auto: "as the system", dark: "dark", light: "light" }[theme.value];
  return (
    <IconButton
      icon="theme"
      label={`Theme: ${words}`}
      class="wide-only"
      onClick={() => {
        theme.value = NEXT_THEME[theme.value];
      }}
    />
  );
}
