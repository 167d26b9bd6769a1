/** Everything that a key can do, as data: the keys, the words in the help, and what happens. */
import type { Panel } from "../panel-context.ts";
import { neighbour, reviewList } from "../review/review-list.ts";
import { openClipOf } from "../session/session-state.ts";
import type { Tool, ViewMode } from "./preferences.ts";

export interface Command {
  group: "Playhead" | "Prompts" | "Track" | "Objects" | "Visibility" | "View" | "Session";
  label: string;
  /** As pressed: "Shift+ArrowLeft"; "Mod" is Command on a Mac and Control elsewhere. */
  keys: string[];
  /** Also in a text field, which has no use for its keys. */
  whileTyping?: boolean;
  run: () => void;
}

export type Commands = readonly Command[];

const VIEWS: readonly [ViewMode, string][] = [
  ["overlay", "Overlay"],
  ["outline", "Outline"],
  ["matte", "Matte"],
  ["cutout", "Cut-out"],
  ["wipe", "Before and after"],
];

const TOOLS: readonly [Tool, string, string][] = [
  ["point", "Point", "v"],
  ["box", "Box", "r"],
  ["brush", "Brush", "b"],
  ["lasso", "Lasso", "l"],
  ["hand", "Hand: move the picture", "h"],
];

/** A click leaves open whether a part or the whole is meant. */
export const OTHER_MASK = "Other mask for the last click";
export const TRACK = "Track, resume, or track again";

export function createCommands(panel: Panel): Commands {
  return [
    ...playheadCommands(panel),
    ...promptCommands(panel),
    ...trackCommands(panel),
    ...objectCommands(panel),
    ...visibilityCommands(panel),
    ...viewCommands(panel),
    ...sessionCommands(panel),
  ];
}

const maker =
  (group: Command["group"]) =>
  (label: string, keys: string | string[], run: () => unknown): Command => ({
    group,
    label,
    keys: typeof keys === "string" ? [keys] : keys,
    run: () => void run(),
  });

function playheadCommands({ session, playback }: Panel): Command[] {
  const command = maker("Playhead");
  const last = () => (openClipOf(session.state)?.frameCount ?? 1) - 1;
  return [
    command("Play or pause", " ", () => playback.toggle()),
    command("Previous frame", "ArrowLeft", () => session.step(-1)),
    command("Next frame", "ArrowRight", () => session.step(1)),
    command("Ten frames back", "Shift+ArrowLeft", () => session.step(-10)),
    command("Ten frames on", "Shift+ArrowRight", () => session.step(10)),
    command("First frame", "Home", () => session.goTo(0)),
    command("Last frame", "End", () => session.goTo(last())),
    command("Previous prompted frame", "ArrowUp", () => goToPrompt(session, -1)),
    command("Next prompted frame", "ArrowDown", () => goToPrompt(session, 1)),
    command("Set in point", "i", () => session.setIn()),
    command("Set out point", "o", () => session.setOut()),
    command("Clear in and out", "Shift+X", () => session.clearInOut()),
  ];
}

function goToPrompt(session: Panel["session"], step: 1 | -1): void {
  const { document, frame } = session.state;
  const frames = [...new Set(document.value.objects.flatMap((object) => [...object.prompts.keys()]))];
  const ahead = frames.filter((each) => (each - frame.value) * step > 0).sort((a, b) => (a - b) * step);
  if (ahead[0] !== undefined) session.goTo(ahead[0]);
}

function promptCommands({ session, preferences, viewer }: Panel): Command[] {
  const command = maker("Prompts");
  const tools = TOOLS.map(([tool, label, key]) =>
    command(`${label} tool`.replace(": move the picture tool", ": move the picture"), key, () => {
      preferences.tool.value = tool;
    }),
  );
  const resize = (factor: number) => () => {
    preferences.brushSize.value = Math.min(
      400,
      Math.max(2, Math.round(preferences.brushSize.value * factor)),
    );
  };
  return [
    ...tools,
    command("Smaller brush", "[", resize(1 / 1.25)),
    command("Larger brush", "]", resize(1.25)),
    command("Show what a click would select", "p", () => {
      preferences.hover.value = !preferences.hover.value;
      viewer.hoverAt(null);
    }),
    command(OTHER_MASK, "c", () => session.prompts.otherMask()),
    command("Clear the prompts of this frame", "Shift+Delete", () => session.prompts.clearFrame()),
  ];
}

function trackCommands({ session }: Panel): Command[] {
  const command = maker("Track");
  const review = (step: 1 | -1) => () => {
    const item = neighbour(reviewList(session.state.document.value.objects), session.state.frame.value, step);
    if (!item) return;
    session.objects.select(item.objectId);
    session.goTo(item.frameIndex);
  };
  return [
    command(TRACK, "t", () => session.track()),
    command("Track forward from here", "Shift+T", () => session.track("forward")),
    command("Track backward from here", "Shift+R", () => session.track("backward")),
    command("Track one frame on", "Alt+ArrowRight", () => session.track("next")),
    command("Track one frame back", "Alt+ArrowLeft", () => session.track("previous")),
    command("Zoom in on small objects", "Shift+Z", () => session.tracking.zoom()),
    command("Zoom in on this frame only", "z", () => session.tracking.zoom("frame")),
    command("Stop, keep what is done", "Escape", () => session.tracking.stop()),
    command("Next frame to review", "n", review(1)),
    command("Previous frame to review", "Shift+N", review(-1)),
  ];
}

function objectCommands({ session }: Panel): Command[] {
  const command = maker("Objects");
  const at = (index: number) => () => {
    const object = session.state.document.value.objects[index];
    if (object) session.objects.select(object.id);
  };
  const selected = () =>
    session.state.document.value.objects.find((o) => o.id === session.state.selectedObjectId.value);
  return [
    command("New object", "a", () => session.objects.add()),
    ...Array.from({ length: 9 }, (_, index) =>
      command(`Select object ${index + 1}`, String(index + 1), at(index)),
    ),
    command("Show or hide the object", "s", () => {
      const object = selected();
      if (object) session.objects.set(object.id, { shown: !object.shown });
    }),
    command("Delete the object", "Mod+Delete", () => {
      const object = selected();
      return object && session.objects.remove(object.id);
    }),
  ];
}

function visibilityCommands({ session: { visibility } }: Panel): Command[] {
  const command = maker("Visibility");
  return [
    command("Hidden here", "d", () => visibility.say("hidden")),
    command("Visible here", "e", () => visibility.say("visible")),
    command("As the model says here", "w", () => visibility.say("model")),
    command("Mark from here, to the playhead", "k", () => visibility.toggleMark()),
    command("Mark the stretch around the playhead", "Shift+K", () => visibility.markStretch()),
  ];
}

function viewCommands({ preferences, viewer }: Panel): Command[] {
  const command = maker("View");
  const views = VIEWS.map(([mode, label], index) =>
    command(label, `F${index + 2}`, () => {
      preferences.view.value = mode;
    }),
  );
  return [
    ...views,
    command("Next view", "m", () => {
      const at = VIEWS.findIndex(([mode]) => mode === preferences.view.value);
      preferences.view.value = VIEWS[(at + 1) % VIEWS.length]![0];
    }),
    command("Fit the picture", "f", () => viewer.fit()),
    command("Picture pixels one to one", "Shift+F", () => viewer.oneToOne(devicePixelRatio)),
    command("Zoom in", ["+", "="], () => viewer.zoom(1.25)),
    command("Zoom out", "-", () => viewer.zoom(0.8)),
  ];
}

function sessionCommands(panel: Panel): Command[] {
  const command = maker("Session");
  const show = (name: "help" | "models" | "export" | "clips") => () => {
    panel.dialog.value = panel.dialog.value === name ? null : name;
  };
  const opening = [
    command("Clips", "Mod+o", show("clips")),
    command("Export", "Mod+e", show("export")),
    command("Models", "Mod+m", show("models")),
  ].map((each) => ({ ...each, whileTyping: true }));
  return [
    command("Undo", "Mod+z", () => panel.session.undo()),
    command("Redo", ["Mod+Shift+Z", "Mod+y"], () => panel.session.redo()),
    ...opening,
    command("Keys", "?", show("help")),
  ];
}

const isMac = () => /Mac|iPhone|iPad/.test(navigator.platform);

/** Letters follow Shift alone: Caps Lock changes no command. */
function keyOf({ key, shiftKey }: KeyboardEvent): string {
  if (key === "Backspace") return "Delete";
  if (key.length > 1) return key;
  return shiftKey ? key.toUpperCase() : key.toLowerCase();
}

/** The pressed keys in the words of `Command.keys`. */
function pressedKeys(event: KeyboardEvent): string {
  const modifier = isMac() ? event.metaKey : event.ctrlKey;
  const key = keyOf(event);
  const named = key.length > 1 || /[a-z]/i.test(key);
  return [
    ...(modifier ? ["Mod"] : []),
    ...(event.altKey ? ["Alt"] : []),
    // Shift is part of a sign like "?" already.
    ...(event.shiftKey && named ? ["Shift"] : []),
    key,
  ].join("+");
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches("input:not([type=radio], [type=checkbox], [type=range]), textarea, select"));

/** Space and Enter belong to a focused button, arrows, Home and End to a slider; everything to an open dialogue. */
const belongsToControl = (event: KeyboardEvent) =>
  (event.target instanceof HTMLElement &&
    event.key === " " &&
    event.target.matches("button, input, summary")) ||
  (event.target instanceof HTMLElement &&
    /^(Arrow|Home$|End$)/.test(event.key) &&
    event.target.matches("input[type=radio], input[type=range], [role=slider], [data-arrows]"));

/** What the pressed keys ask for; null where they belong to what is focused, or to nobody. */
export function commandFor(event: KeyboardEvent, commands: Commands): Command | null {
  if (event.defaultPrevented || belongsToControl(event)) return null;
  if (document.querySelector("dialog[open]") && event.key !== "?") return null;
  const pressed = pressedKeys(event);
  const command = commands.find(({ keys }) => keys.includes(pressed));
  return command && (command.whileTyping || !isTyping(event.target)) ? command : null;
}

export function runKey(event: KeyboardEvent, commands: Commands): void {
  const command = commandFor(event, commands);
  if (!command) return;
  event.preventDefault();
  command.run();
}

const NAMES: Record<string, string> = {
  " ": "Space",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
};

/** For people: "Ctrl + Z", "⌘ Z". */
export const keyNames = (keys: string): string[] =>
  (keys === "+" ? ["+"] : keys.split("+")).map((key) => {
    if (key === "Mod") return isMac() ? "⌘" : "Ctrl";
    return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  });

export const keysFor = (commands: Commands, label: string): string | undefined => {
  const keys = commands.find((command) => command.label === label)?.keys[0];
  return keys === undefined ? undefined : keyNames(keys).join(" ");
};
