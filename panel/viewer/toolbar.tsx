/** Tools at the side of the picture. */
import { usePanel } from "../panel-context.ts";
import { keysFor } from "../ui/commands.ts";
import { IconButton } from "../ui/controls.tsx";
import type { IconName } from "../ui/icon.tsx";
import type { Tool } from "../ui/preferences.ts";

const TOOLS: readonly { tool: Tool; icon: IconName; label: string; command: string }[] = [
  { tool: "point", icon: "point", label: "Point: click adds, Alt-click leaves out", command: "Point tool" },
  { tool: "box", icon: "box", label: "Box: drag around the object", command: "Box tool" },
  { tool: "brush", icon: "brush", label: "Brush: paint the mask, Alt erases", command: "Brush tool" },
  { tool: "lasso", icon: "lasso", label: "Lasso: outline the mask, Alt cuts", command: "Lasso tool" },
  { tool: "hand", icon: "hand", label: "Hand: move the picture", command: "Hand: move the picture" },
];

export function Toolbar() {
  const { preferences, viewer, commands } = usePanel();
  return (
    <div class="toolbar" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {TOOLS.map(({ tool, icon, label, command }) => (
        <IconButton
          key={tool}
          icon={icon}
          label={label}
          keys={keysFor(commands, command)}
          pressed={preferences.tool.value === tool}
          onClick={() => {
            preferences.tool.value = tool;
          }}
        />
      ))}
      {preferences.tool.value === "brush" && <BrushSize />}
      <span class="toolbar-gap" />
      <IconButton
        icon="eye"
        label="Show what a click would select"
        keys={keysFor(commands, "Show what a click would select")}
        pressed={preferences.hover.value}
        onClick={() => {
          preferences.hover.value = !preferences.hover.value;
        }}
      />
      <IconButton
        icon="fit"
        label="Fit the picture"
        keys={keysFor(commands, "Fit the picture")}
        onClick={() => viewer.fit()}
      />
      <button
        type="button"
        class="icon-button zoom-text"
        title={`Picture pixels one to one (${keysFor(commands, "Picture pixels one to one")})`}
        onClick={() => viewer.oneToOne(devicePixelRatio)}
      >
        {Math.round(viewer.view.value.scale * devicePixelRatio * 100)}%
      </button>
    </div>
  );
}

function BrushSize() {
  const { preferences } = usePanel();
  return (
    <label class="brush-size" title="Brush diameter, pixels of the clip ([ and ])">
      <span class="hidden-text">Brush diameter</span>
      <input
        type="range"
        min={2}
        max={200}
        value={preferences.brushSize.value}
        onInput={(event) => {
          preferences.brushSize.value = event.currentTarget.valueAsNumber;
        }}
      />
      <span>{preferences.brushSize.value}</span>
    </label>
  );
}
