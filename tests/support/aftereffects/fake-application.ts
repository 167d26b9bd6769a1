/** Runs inside the script context of tests: the application object with its undo stack. */
import { FakeProject } from "./fake-project.ts";
import type { Traps } from "./fake-traps.ts";

/** Label of the group that `anothersGroupOpen` means. */
export const ANOTHERS_GROUP = "Another script";

export class FakeApplication implements Pick<Application, "version"> {
  version: string;
  project: FakeProject;
  /** Labels of the undo groups that were opened and closed. */
  undoSteps: string[] = [];
  openGroups: string[] = [];
  readonly traps: Traps;

  constructor(version: string, traps: Traps) {
    this.version = version;
    this.traps = traps;
    this.project = new FakeProject(version, traps);
  }

  beginSuppressDialogs(): void {
    this.project.asksNothing = true;
  }

  endSuppressDialogs(_alert: boolean): void {
    this.project.asksNothing = false;
  }

  beginUndoGroup(label: string): void {
    if (this.traps.anothersGroupOpen && this.openGroups.length === 0) this.openGroups.push(ANOTHERS_GROUP);
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
