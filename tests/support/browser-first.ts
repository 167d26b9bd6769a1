import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Order of the test files: those that drive a real Chromium first. They take minutes, are short files, and Vitest
 * begins with the longest file where it has not yet measured any: at the end one core would wait for them.
 */
export class BrowserFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const inBrowser = ({ moduleId }: TestSpecification) => moduleId.includes("/tests/browser/");
    return [...sorted.filter(inBrowser), ...sorted.filter((file) => !inBrowser(file))];
  }
}
