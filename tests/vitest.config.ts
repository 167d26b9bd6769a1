import { defineConfig } from "vitest/config";
import { BrowserFirst } from "./support/browser-first.ts";
import { SummaryReporter } from "./support/summary-reporter.ts";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"],
    globalSetup: ["tests/support/temporary-folder.ts"],
    reporters: ["default", new SummaryReporter()],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: ONNX Runtime and Chromium take threads of their own.
    maxWorkers: 2,
    sequence: { sequencer: BrowserFirst },
  },
});
