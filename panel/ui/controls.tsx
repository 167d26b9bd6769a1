/** Buttons, choices and sections: the few controls that everything else is made of. */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

interface IconButtonProps {
  icon: IconName;
  /** What it does, for the tooltip and for screen readers. */
  label: string;
  /** Shown in the tooltip. */
  keys?: string | undefined;
  onClick: () => void;
  pressed?: boolean;
  disabled?: boolean;
  class?: string;
}

export function IconButton({ icon, label, keys, onClick, pressed, disabled, class: extra }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${extra ?? ""}`}
      title={keys ? `${label} (${keys})` : label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface NumberFieldProps {
  label?: string;
  /** Empty: there is nothing to number yet. */
  value: number | "";
  min: number;
  max: number;
  step?: number;
  disabled?: boolean;
  /** What was typed; 0 where that is no number. The receiver holds it to its range. */
  onCommit: (value: number) => void;
}

/** Shows after each entry what became of it, and gives the keys back to the panel on Enter. */
export function NumberField({ label, onCommit, ...input }: NumberFieldProps) {
  const [, drawAgain] = useState(0);
  return (
    <input
      type="number"
      aria-label={label}
      {...input}
      onKeyDown={({ key, currentTarget }) => key === "Enter" && currentTarget.blur()}
      onChange={({ currentTarget }) => {
        onCommit(currentTarget.valueAsNumber || 0);
        // An entry that was held to the value before changes no signal, so nothing else would correct the field.
        drawAgain((count) => count + 1);
      }}
    />
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; icon?: IconName; title?: string }[];
  onChange: (value: T) => void;
  class?: string;
}

/** One of a few, all in sight; a radio group to screen readers. */
export function Segments<T extends string>({
  label,
  value,
  options,
  onChange,
  class: extra,
}: ChoiceProps<T>) {
  const name = useId();
  return (
    <div class={`segments ${extra ?? ""}`} role="radiogroup" aria-label={label}>
      {options.map((option) => (
        <label key={option.value} class="segment" title={option.title ?? option.label}>
          <input
            type="radio"
            name={name}
            checked={value === option.value}
            onChange={() => onChange(option.value)}
          />
          <span>
            {option.icon && <Icon name={option.icon} />}
            <span class={option.icon ? "hidden-text" : ""}>{option.label}</span>
          </span>
        </label>
      ))}
    </div>
  );
}

interface SectionProps {
  title: string;
  /** At the right of the title, e.g. a count or a button. */
  aside?: ComponentChildren;
  children: ComponentChildren;
  closed?: boolean;
}

export function Section({ title, aside, children, closed }: SectionProps) {
  const [open, setOpen] = useState(!closed);
  const id = useId();
  return (
    <section class="section" aria-labelledby={`${id}-title`}>
      <header class="section-head">
        <h2 id={`${id}-title`}>
          <button type="button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
            <span class={`twist ${open ? "twist-open" : ""}`}>
              <Icon name="next" />
            </span>
            {title}
          </button>
        </h2>
        {aside && <div class="section-aside">{aside}</div>}
      </header>
      <div id={id} class="section-body" hidden={!open}>
        {children}
      </div>
    </section>
  );
}

/** `share`: 0 to 1; null where the end is not known. */
export function Progress({ share, label }: { share: number | null; label: string }) {
  const percent = share === null ? null : Math.round(share * 100);
  return (
    <div
      class={`progress ${percent === null ? "progress-endless" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent === null ? {} : { "aria-valuenow": percent })}
    >
      <div class="progress-bar" style={{ transform: `scaleX(${share ?? 0.3})` }} />
    </div>
  );
}
