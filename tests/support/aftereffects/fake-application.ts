/** Runs inside the script context of tests: the application object with its undo stack. */
import { FakeProject } from "./fake-project.ts";
import type { Traps } from "./fake-traps.ts";

export class FakeApplication implements Pick<Application, "version"> {
  version: string;
  project: FakeProject;
  /** Labels of the undo groups that were opened and closed. */
  undoSteps: string[] = [];
  openGroups: string[] = [];
  readonly preferences: { getPrefAsLong: () => number };

  constructor(version: string, traps: Traps) {
    this.version = version;
    this.project = new FakeProject(traps);
    this.preferences = { getPrefAsLong: () => (traps.noFileAccess ? 0 : 1) };
  }

  beginUndoGroup(label: string): void {
    this.openGroups.push(label);
  }

  endUndoGroup(): void {
    const label = this.openGroups.pop();
    if (label === undefined) throw new Error("Undo group mismatch");
    this.undoSteps.push(label);
  }
}

/** The globals that a script finds. */
export { FakeComp, FakeFileSource, FakeFootage, FakeLayer } from "./fake-project.ts";
export { noTraps } from "./fake-traps.ts";
