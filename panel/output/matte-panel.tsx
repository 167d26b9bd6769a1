/** Edge and time treatment of the matte, with a preview of this frame. */
import type { MatteSettings, NumberSetting, SettingGroup } from "../../worker/matte/matte-settings.ts";
import { matteSettings, neutralSettings, productSettings } from "../../worker/matte/matte-settings.ts";
import { usePanel } from "../panel-context.ts";
import { keysFor } from "../ui/commands.ts";
import { IconButton, NumberField, Section } from "../ui/controls.tsx";

const GROUPS: readonly [SettingGroup, string][] = [
  ["edge", "Edge"],
  ["time", "Time"],
  ["shape", "Shape"],
  ["clean", "Clean"],
  ["colour", "Colour"],
];

/** Large ranges are fine near zero, where they are used. */
const CURVE = 3;
const LARGE = 150;

export function MattePanel() {
  const { session, preferences, viewer } = usePanel();
  const { document } = session.state;
  if (!document.value.objects.some((object) => object.records.size > 0)) return null;
  const settings = viewer.treated.draft.value ?? document.value.matte;
  const commit = (title: string, change: Partial<MatteSettings>) => {
    viewer.treated.draft.value = null;
    session.history.edit(`Change ${title.toLowerCase()}`, (before) => ({
      ...before,
      matte: { ...before.matte, ...change },
    }));
  };
  const preview = (
    <IconButton
      icon={preferences.treated.value ? "eye" : "eyeOff"}
      label="Preview the treated matte on this frame"
      pressed={preferences.treated.value}
      onClick={() => {
        preferences.treated.value = !preferences.treated.value;
      }}
    />
  );
  return (
    <Section title="Matte" aside={preview} closed>
      <div class="matte-presets">
        <button type="button" class="button" onClick={() => commit("matte", productSettings())}>
          Refined
        </button>
        <button type="button" class="button" onClick={() => commit("matte", neutralSettings())}>
          Hard mask
        </button>
      </div>
      <ZoomButtons />
      {GROUPS.map(([group, title]) => (
        <div key={group} class="matte-group">
          <h3>{title}</h3>
          {matteSettings
            .filter((setting) => setting.group === group)
            .map((setting) =>
              setting.kind === "switch" ? (
                <label key={setting.name} class="matte-switch" title={setting.help}>
                  <input
                    type="checkbox"
                    checked={settings[setting.name]}
                    onChange={(event) =>
                      commit(setting.title, { [setting.name]: event.currentTarget.checked })
                    }
                  />
                  {setting.title}
                </label>
              ) : (
                <NumberRow
                  key={setting.name}
                  setting={setting}
                  value={settings[setting.name]}
                  onCommit={(value) => commit(setting.title, { [setting.name]: value })}
                />
              ),
            )}
        </div>
      ))}
    </Section>
  );
}

/** Not a setting: it makes the masks anew, which takes as long as tracking them did. On one frame it shows what comes. */
function ZoomButtons() {
  const { session, commands } = usePanel();
  const { tracking, model } = session.state;
  const disabled = tracking.value.phase !== "idle" || model.value.phase !== "ready";
  const keys = (label: string) => keysFor(commands, label);
  return (
    <div class="matte-zoom">
      <button
        type="button"
        class="button"
        disabled={disabled}
        title={`Tracks objects that are small in the picture a second time, closer up, for finer masks (${keys("Zoom in on small objects")})`}
        onClick={() => session.tracking.zoom()}
      >
        Zoom in on small objects
      </button>
      <button
        type="button"
        class="button"
        disabled={disabled}
        title={`To see what it would give; undo takes it back (${keys("Zoom in on this frame only")})`}
        onClick={() => session.tracking.zoom("frame")}
      >
        Try on this frame
      </button>
    </div>
  );
}

function NumberRow({
  setting,
  value,
  onCommit,
}: {
  setting: NumberSetting;
  value: number;
  onCommit: (value: number) => void;
}) {
  const { viewer, session } = usePanel();
  const { name, title, help, unit, minimum, maximum, step, suggested } = setting;
  const show = (share: number) => {
    const before = viewer.treated.draft.value ?? session.state.document.value.matte;
    viewer.treated.draft.value = { ...before, [name]: valueAt(setting, share) };
  };
  return (
    <div class={`matte-number ${value === 0 ? "" : "matte-on"}`} title={help}>
      <button
        type="button"
        class="matte-name"
        aria-pressed={value !== 0}
        title={`${help} Click: ${value === 0 ? suggested : 0} ${unit}`}
        onClick={() => onCommit(value === 0 ? suggested : 0)}
      >
        {title}
      </button>
      <input
        type="range"
        aria-label={title}
        aria-valuetext={`${value} ${unit}`}
        min={minimum < 0 ? -1 : 0}
        max={1}
        step={0.001}
        value={shareOf(setting, value)}
        onInput={(event) => show(event.currentTarget.valueAsNumber)}
        onChange={(event) => onCommit(valueAt(setting, event.currentTarget.valueAsNumber))}
      />
      <NumberField
        label={`${title}, ${unit}`}
        min={minimum}
        max={maximum}
        step={step}
        value={value}
        onCommit={(typed) => onCommit(within(setting, typed))}
      />
      <span class="quiet">{unit}</span>
    </div>
  );
}

const exponent = ({ maximum }: NumberSetting) => (maximum >= LARGE ? CURVE : 1);

const shareOf = (setting: NumberSetting, value: number) =>
  Math.sign(value) * (Math.abs(value) / setting.maximum) ** (1 / exponent(setting));

function valueAt(setting: NumberSetting, share: number): number {
  const value = Math.sign(share) * Math.abs(share) ** exponent(setting) * setting.maximum;
  return within(setting, Number((Math.round(value / setting.step) * setting.step).toFixed(3)));
}

const within = ({ minimum, maximum }: NumberSetting, value: number) =>
  Math.min(maximum, Math.max(minimum, value));
