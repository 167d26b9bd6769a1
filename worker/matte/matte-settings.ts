/**
 * The controls of a matte as data: names, units, ranges, defaults. Pure: read by the worker, the panel's
 * output section and the command line.
 *
 * [Note: order of treatment] The order of this list is the order in which they are applied, always. Each
 * does nothing at its zero (or false), bit for bit, and all defaults are zero: without settings the hard
 * mask comes out as the tracker made it.
 */

export interface NumberSetting {
  kind: "number";
  name: MatteNumberName;
  title: string;
  /** One sentence for the person. */
  help: string;
  group: SettingGroup;
  /** `px`: pixels of the source frame; `px²`: their area. */
  unit: "%" | "px" | "px²" | "°" | "frames";
  minimum: number;
  maximum: number;
  /** Smallest useful change. */
  step: number;
  /** Value at which it does nothing, and default. */
  zero: 0;
  /** Where a person starts when switching it on. */
  suggested: number;
}

interface SwitchSetting {
  kind: "switch";
  name: MatteSwitchName;
  title: string;
  help: string;
  group: SettingGroup;
  zero: false;
}

export type SettingGroup = "clean" | "time" | "edge" | "shape" | "colour";
export type MatteSetting = NumberSetting | SwitchSetting;

type MatteNumberName =
  | "fillHoles"
  | "removeSpecks"
  | "refine"
  | "borderFix"
  | "steady"
  | "grow"
  | "motionBlur"
  | "featherIn"
  | "featherOut"
  | "contrast"
  | "core"
  | "edgeOnly"
  | "decontaminate";
type MatteSwitchName = "keepDuplicates" | "invert";

/** Every control with its value. */
export type MatteSettings = Record<MatteNumberName, number> & Record<MatteSwitchName, boolean>;

type NumberShape = Omit<NumberSetting, "kind" | "name" | "zero" | "minimum"> & { minimum?: number };

function number(name: MatteNumberName, shape: NumberShape): NumberSetting {
  return { kind: "number", name, zero: 0, minimum: 0, ...shape };
}

/** In the order of treatment. */
export const matteSettings: readonly MatteSetting[] = [
  {
    kind: "switch",
    name: "keepDuplicates",
    title: "Keep duplicate frames equal",
    help: "Frames whose picture repeats the one before get its mask, so that held frames don't flicker.",
    group: "time",
    zero: false,
  },
  number("fillHoles", {
    title: "Fill holes",
    help: "Fills background inside the object up to this area.",
    group: "clean",
    unit: "px²",
    maximum: 100_000,
    step: 10,
    suggested: 100,
  }),
  number("removeSpecks", {
    title: "Remove specks",
    help: "Drops separate parts up to this area.",
    group: "clean",
    unit: "px²",
    maximum: 100_000,
    step: 10,
    suggested: 100,
  }),
  number("refine", {
    title: "Refine edge",
    help: "Moves the edge to where the picture has one and gives it the picture's softness.",
    group: "edge",
    unit: "%",
    maximum: 100,
    step: 1,
    suggested: 100,
  }),
  number("borderFix", {
    title: "Border fix",
    help: "Carries the matte out to the frame's border from this far inside.",
    group: "edge",
    unit: "px",
    maximum: 64,
    step: 1,
    suggested: 4,
  }),
  number("steady", {
    title: "Reduce chatter",
    help: "Averages the edge with its neighbours in time, moved along with the object.",
    group: "time",
    unit: "%",
    maximum: 100,
    step: 1,
    suggested: 70,
  }),
  number("grow", {
    title: "Shrink / grow",
    help: "Moves the whole edge; negative shrinks.",
    group: "shape",
    unit: "px",
    minimum: -100,
    maximum: 100,
    step: 0.1,
    suggested: -0.5,
  }),
  number("motionBlur", {
    title: "Motion blur",
    help: "Softens the edge along its movement, as a shutter of this angle would.",
    group: "time",
    unit: "°",
    maximum: 720,
    step: 5,
    suggested: 180,
  }),
  number("featherIn", {
    title: "Feather inward",
    help: "Softens the edge towards the inside.",
    group: "shape",
    unit: "px",
    maximum: 200,
    step: 0.5,
    suggested: 2,
  }),
  number("featherOut", {
    title: "Feather outward",
    help: "Softens the edge towards the outside.",
    group: "shape",
    unit: "px",
    maximum: 200,
    step: 0.5,
    suggested: 2,
  }),
  number("contrast", {
    title: "Edge contrast",
    help: "Makes soft edges harder; 100 is a hard cut at one half.",
    group: "shape",
    unit: "%",
    maximum: 100,
    step: 1,
    suggested: 30,
  }),
  number("core", {
    title: "Core matte",
    help: "Makes everything solid that lies deeper inside the edge than this.",
    group: "shape",
    unit: "px",
    maximum: 200,
    step: 0.5,
    suggested: 8,
  }),
  number("edgeOnly", {
    title: "Edge matte",
    help: "Keeps only the band that reaches this far to both sides of the edge.",
    group: "shape",
    unit: "px",
    maximum: 200,
    step: 0.5,
    suggested: 8,
  }),
  {
    kind: "switch",
    name: "invert",
    title: "Invert",
    help: "Everything but the object.",
    group: "shape",
    zero: false,
  },
  number("decontaminate", {
    title: "Decontaminate colours",
    help: "Takes the background's colour out of soft edges; cut-outs only.",
    group: "colour",
    unit: "%",
    maximum: 100,
    step: 1,
    suggested: 100,
  }),
];

/** All at zero: the hard mask. */
export function neutralSettings(): MatteSettings {
  return Object.fromEntries(matteSettings.map(({ name, zero }) => [name, zero])) as MatteSettings;
}

/** What a person gets at first: refined and steady. */
export function productSettings(): MatteSettings {
  return { ...neutralSettings(), refine: 100, steady: 70, keepDuplicates: true };
}

/**
 * Checks loose values (`MatteRequest.settings`); absent ones are zero.
 * @throws RangeError for an unknown name, a value of the wrong type or out of range.
 */
export function readSettings(loose: Readonly<Record<string, number | boolean | string>> = {}): MatteSettings {
  const known = new Map<string, MatteSetting>(matteSettings.map((setting) => [setting.name, setting]));
  for (const [name, value] of Object.entries(loose)) {
    const setting = known.get(name);
    if (!setting)
      throw new RangeError(
        `Unknown matte setting "${name}". The known ones are: ${[...known.keys()].join(", ")}.`,
      );
    checkValue(setting, value);
  }
  return { ...neutralSettings(), ...loose } as MatteSettings;
}

function checkValue(setting: MatteSetting, value: number | boolean | string): void {
  if (setting.kind === "switch") {
    if (typeof value !== "boolean")
      throw new RangeError(`"${setting.name}" must be true or false, got ${value}.`);
    return;
  }
  const { name, minimum, maximum, unit } = setting;
  if (typeof value === "number" && value >= minimum && value <= maximum) return;
  throw new RangeError(`"${name}" must be a number from ${minimum} to ${maximum} ${unit}, got ${value}.`);
}

/** Whether a matte with these settings is the hard mask itself. */
export function isNeutral(settings: MatteSettings): boolean {
  return matteSettings.every(({ name, zero }) => settings[name] === zero);
}
