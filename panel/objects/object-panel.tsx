/** The list of objects: name, colour, show, solo, lock, add or subtract, order, delete. */
import { useState } from "preact/hooks";
import { usePanel } from "../panel-context.ts";
import type { TrackedObject } from "../session/document.ts";
import { keysFor } from "../ui/commands.ts";
import { IconButton, Section } from "../ui/controls.tsx";

export function ObjectPanel() {
  const { session, commands } = usePanel();
  const { objects } = session.state.document.value;
  const add = (
    <IconButton
      icon="plus"
      label="New object"
      keys={keysFor(commands, "New object")}
      onClick={() => session.objects.add()}
    />
  );
  return (
    <Section title="Objects" aside={add}>
      {objects.length === 0 && (
        <p class="hint">Click something in the picture: it becomes the first object.</p>
      )}
      <ul class="object-list">
        {objects.map((object, index) => (
          <ObjectItem
            key={object.id}
            object={object}
            first={index === 0}
            last={index === objects.length - 1}
          />
        ))}
      </ul>
    </Section>
  );
}

function ObjectItem({ object, first, last }: { object: TrackedObject; first: boolean; last: boolean }) {
  const { session } = usePanel();
  const selected = session.state.selectedObjectId.value === object.id;
  const set = (setting: Parameters<typeof session.objects.set>[1]) => session.objects.set(object.id, setting);
  return (
    <li class={`object ${selected ? "object-selected" : ""}`} aria-current={selected}>
      <div class="object-line">
        <input
          type="color"
          class="swatch"
          aria-label={`Colour of ${object.name}`}
          value={object.colour}
          onChange={(event) => set({ colour: event.currentTarget.value })}
        />
        <NameField object={object} />
        <IconButton
          icon={object.shown ? "eye" : "eyeOff"}
          label={object.shown ? `Hide ${object.name}` : `Show ${object.name}`}
          class={object.shown ? "" : "is-off"}
          onClick={() => set({ shown: !object.shown })}
        />
        <IconButton
          icon="solo"
          label={`Solo ${object.name}`}
          pressed={object.solo}
          onClick={() => set({ solo: !object.solo })}
        />
        <IconButton
          icon={object.locked ? "lock" : "unlock"}
          label={object.locked ? `Unlock ${object.name}` : `Lock ${object.name}`}
          pressed={object.locked}
          onClick={() => set({ locked: !object.locked })}
        />
      </div>
      {selected && (
        <div class="object-line object-more">
          <select
            aria-label={`What ${object.name} does to the matte`}
            value={object.operation}
            onChange={(event) => set({ operation: event.currentTarget.value as "add" | "subtract" })}
          >
            <option value="add">Add to the matte</option>
            <option value="subtract">Subtract from those above</option>
          </select>
          <IconButton
            icon="up"
            label={`Move ${object.name} up`}
            disabled={first}
            onClick={() => session.objects.move(object.id, -1)}
          />
          <IconButton
            icon="down"
            label={`Move ${object.name} down`}
            disabled={last}
            onClick={() => session.objects.move(object.id, 1)}
          />
          <IconButton
            icon="trash"
            label={`Delete ${object.name}`}
            onClick={() => session.objects.remove(object.id)}
          />
        </div>
      )}
    </li>
  );
}

/** A name to click; a second click, or Enter, edits it. */
function NameField({ object }: { object: TrackedObject }) {
  const { session } = usePanel();
  const [editing, setEditing] = useState(false);
  const finish = (name: string) => {
    setEditing(false);
    const trimmed = name.trim();
    if (trimmed && trimmed !== object.name) session.objects.set(object.id, { name: trimmed });
  };
  if (!editing) {
    const select = () => {
      const again = session.state.selectedObjectId.value === object.id;
      if (again) setEditing(true);
      else session.objects.select(object.id);
    };
    return (
      <button
        type="button"
        class="object-name"
        title="Click to select, click again to rename"
        onClick={select}
      >
        {object.name}
      </button>
    );
  }
  return (
    <input
      class="object-name"
      aria-label="Name of the object"
      value={object.name}
      maxLength={60}
      ref={(input) => input?.select()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish(event.currentTarget.value);
        if (event.key === "Escape") setEditing(false);
      }}
    />
  );
}
