/** Runs inside the script context of tests: the application object with its undo stack. */
import { FakeProject } from "./fake-project.ts";
import type { Traps } from "./fake-traps.ts";

export class FakeApplication implements Pick<Application, "version"> {
  version: string;
  project: FakeProject;
  /** Labels of the undo groups that were opened and closed. */
  undoSteps: string[] = [];
  openGroups: string[] = [];

  constructor(version: string, traps: Traps) {
    this.version = version;
    this.project = new FakeProject(version, traps);
  }

  beginSuppressDialogs(): void {
    this.project.asksNothing = true;
  }

  endSuppressDialogs(_alert: boolean): void {
    this.project.asksNothing = false;
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
export { FakeFileSource, FakeFootage, FakePlaceholderSource, FakeSolidSource } from "./fake-items.ts";
export { FakeComp, FakeLayer } from "./fake-layers.ts";
