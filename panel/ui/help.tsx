/** The keys and the mouse, on one page. */
import { usePanel } from "../panel-context.ts";
import { type Command, keyNames } from "./commands.ts";
import { Modal } from "./dialog.tsx";

const MOUSE: readonly [string, string][] = [
  ["Click", "add the object under the pointer"],
  ["Alt + click, right click", "leave this part out"],
  ["Drag", "draw a box around the object"],
  ["Drag a point", "move it; Delete removes it, Enter flips it"],
  ["Shift + drag in an object's row", "mark a stretch, to say hidden or visible"],
  ["Double-click in an object's row", "mark the whole stretch there"],
  ["Wheel", "zoom to the pointer"],
  ["Space and drag, middle button", "move the picture"],
  ["Two fingers", "zoom and move the picture"],
  ["Ctrl + arrows, Enter", "move a crosshair and click with it"],
];

export function Help() {
  const { commands } = usePanel();
  const groups = [...new Set(commands.map((command) => command.group))];
  return (
    <Modal title="Mouse and keys" wide>
      <div class="keys">
        <Group title="Mouse">
          {MOUSE.map(([how, what]) => (
            <div class="key-row" key={how}>
              <dt>{how}</dt>
              <dd>{what}</dd>
            </div>
          ))}
        </Group>
        {groups.map((group) => (
          <Group key={group} title={group}>
            {shortened(commands.filter((command) => command.group === group)).map((command) => (
              <KeyRow key={command.label} command={command} />
            ))}
          </Group>
        ))}
      </div>
    </Modal>
  );
}

function Group({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section class="key-group">
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  );
}

/** Nine rows that differ in a digit are one row to a reader. */
const shortened = (commands: readonly Command[]) =>
  commands
    .filter(({ label }) => !/^Select object [2-9]$/.test(label))
    .map((command) =>
      command.label === "Select object 1"
        ? { ...command, label: "Select object 1 to 9", keys: ["1 – 9"] }
        : command,
    );

function KeyRow({ command }: { command: Command }) {
  return (
    <div class="key-row">
      <dt>
        {keyNames(command.keys[0] ?? "").map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{command.label}</dd>
    </div>
  );
}
