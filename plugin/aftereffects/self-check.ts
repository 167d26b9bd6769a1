/**
 * Runs in the CEP page: finds out what can't be known without a running After Effects, on a composition of its
 * own, which goes again whatever happens. Nothing of a person's is touched.
 */
import type { SelfCheckReport } from "../protocol.ts";
import { completeStillType } from "../still-file.ts";
import { shownSourceFrames } from "../timeline-map.ts";
import type { CallName, Calls } from "./calls.ts";
import type { NodeFiles, ScriptCalls } from "./cep.ts";
import type { TrialTiming } from "./check-calls.ts";
import type { Findings } from "./findings.ts";
import { selectionOf } from "./selection.ts";
import { trialPicture } from "./trial-picture.ts";

export type CheckLine = SelfCheckReport["lines"][number];
type Answer = Pick<CheckLine, "finding" | "detail">;

export interface CheckSurroundings {
  calls: ScriptCalls;
  files: NodeFiles;
  dataFolder: string;
  pollMilliseconds: number;
  pollCount: number;
  now(): number;
}

const FRAMES = 12;
const RATE = 24;
/** Characters of the longest script that is tried; a mask's keys go by file, whatever comes of it. */
const LONGEST_SCRIPT = 16 * 1024 * 1024;

/** What was found, as lines for the person and as what later reads go by. */
export async function checkHost(
  surroundings: CheckSurroundings,
  hostVersion: string,
): Promise<{ lines: CheckLine[]; findings: Findings }> {
  const check = new HostCheck(surroundings);
  try {
    return { lines: await check.lines(), findings: { hostVersion, ...check.found } };
  } finally {
    await check.end();
  }
}

class HostCheck {
  found: Pick<Findings, "reversedShowsFrameBefore"> = { reversedShowsFrameBefore: null };
  readonly #with: CheckSurroundings;
  readonly #folder: string;
  /** Brightness by source frame, as this project shows it. */
  #levels: number[] = [];

  constructor(surroundings: CheckSurroundings) {
    this.#with = surroundings;
    this.#folder = `${surroundings.dataFolder}/self-check`;
  }

  async lines(): Promise<CheckLine[]> {
    return [
      await line("A call into After Effects takes", "ms", () => this.#callLatency()),
      await line("Longest script that it takes", "characters", () => this.#longestScript()),
      await line("Scripts may write files", "", () => this.#mayWrite()),
      await line("Numbered pictures come in as a sequence", "", () => this.#sequence()),
      await line("A frame is saved in", "ms", () => this.#stillLatency()),
      await line("A layer at normal speed shows the frames that Masklet expects", "", () => this.#plain()),
      await line("A slowed layer does", "", () => this.#timing("slowed")),
      await line("A reversed layer does", "", () => this.#reversed()),
      await line("A time-remapped layer does", "", () => this.#timing("remapped")),
      await line("Looped footage does", "", () => this.#timing("looped")),
      await line("Track mattes can be set", "", () => this.#matte()),
      ...(await this.#masks()),
    ];
  }

  /** The composition, the footage and its files go. */
  async end(): Promise<void> {
    await this.#with.calls.call("checkEnd", null);
    for (let n = 0; n < FRAMES; n++) this.#with.files.rmSync(this.#picture(n), { force: true });
  }

  async #do<Name extends CallName>(
    name: Name,
    argument: Calls[Name]["argument"],
  ): Promise<Calls[Name]["answer"]> {
    const answer = await this.#with.calls.call(name, argument);
    if (answer.ok) return answer.value;
    throw new Error(answer.error.message);
  }

  #picture(n: number): string {
    return `${this.#folder}/trial_${String(n).padStart(4, "0")}.png`;
  }

  // -------------------------------------------------------------- calls and files

  async #callLatency(): Promise<Answer> {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const from = this.#with.now();
      await this.#do("probe", { text: "" });
      times.push(this.#with.now() - from);
    }
    return { finding: median(times), detail: `five calls: ${times.map(Math.round).join(", ")} ms` };
  }

  /** Doubled until it isn't counted right any more. */
  async #longestScript(): Promise<Answer> {
    let longest = 0;
    for (let length = 64 * 1024; length <= LONGEST_SCRIPT; length *= 2) {
      if ((await this.#with.calls.evaluate(`"${"x".repeat(length)}".length`)) !== String(length)) break;
      longest = length;
    }
    const more = longest === LONGEST_SCRIPT ? "longer ones were not tried" : "the next one failed";
    return { finding: longest, detail: more };
  }

  async #mayWrite(): Promise<Answer> {
    const mayWriteFiles = await this.#do("mayWriteFiles", null);
    return {
      finding: mayWriteFiles,
      detail: mayWriteFiles
        ? ""
        : 'see "Allow Scripts to Write Files" in Preferences, Scripting & Expressions',
    };
  }

  // -------------------------------------------------------------- footage and frames

  async #sequence(): Promise<Answer> {
    this.#with.files.mkdirSync(this.#folder, { recursive: true });
    for (let n = 0; n < FRAMES; n++)
      this.#with.files.writeFileSync(this.#picture(n), trialPicture(n, FRAMES));
    const footage = { file: this.#picture(0), frameCount: FRAMES, rate: RATE };
    const { isSequence, frames, rate } = await this.#do("checkBegin", footage);
    return {
      finding: isSequence && frames === FRAMES && Math.abs(rate - RATE) < 0.01,
      detail: `${frames} of ${FRAMES} frames, ${rate} a second`,
    };
  }

  /** Until the file is whole, which After Effects doesn't wait for. */
  async #stillLatency(): Promise<Answer> {
    const times: number[] = [];
    let early = 0;
    for (let i = 0; i < 3; i++) {
      const file = `${this.#folder}/still-${i}.png`;
      this.#with.files.rmSync(file, { force: true });
      const from = this.#with.now();
      try {
        await this.#do("checkStill", { file });
        early += await this.#waitFor(file);
      } finally {
        this.#with.files.rmSync(file, { force: true });
      }
      times.push(this.#with.now() - from);
    }
    const detail = `three frames: ${times.map(Math.round).join(", ")} ms; answered before the file was whole: ${early} of 3`;
    return { finding: median(times), detail };
  }

  /** 1 where it had to wait, else 0. */
  async #waitFor(file: string): Promise<0 | 1> {
    const { files, pollCount, pollMilliseconds } = this.#with;
    for (let look = 0; look < pollCount; look++) {
      if (files.existsSync(file) && completeStillType(files.readFileSync(file))) return look === 0 ? 0 : 1;
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    }
    throw new Error("After Effects said that it saved a frame, and no whole picture came.");
  }

  async #plain(): Promise<Answer> {
    const { levels } = await this.#do("checkTiming", { timing: "plain" });
    this.#levels = levels.slice(0, FRAMES);
    const rises = this.#levels.every((level, n) => n === 0 || level > this.#levels[n - 1]!);
    if (!rises) this.#levels = [];
    return {
      finding: rises,
      detail: rises ? "" : `brightness: ${levels.map((l) => l.toFixed(2)).join(", ")}`,
    };
  }

  async #timing(timing: TrialTiming): Promise<Answer> {
    const { shown, expected } = await this.#frames(timing, true);
    return compared(shown, expected);
  }

  async #reversed(): Promise<Answer> {
    const { shown, expected, other } = await this.#frames("reversed", true);
    const before = same(shown, expected);
    if (before || same(shown, other)) this.found.reversedShowsFrameBefore = before;
    const answer = compared(shown, expected);
    if (before || !same(shown, other)) return answer;
    return { ...answer, detail: "it shows the frame that begins there; from now on Masklet goes by that" };
  }

  /** Source frames that the trial layer shows, that are expected, and that the other rule for reversing expects. */
  async #frames(
    timing: TrialTiming,
    before: boolean,
  ): Promise<{ shown: number[]; expected: number[]; other: number[] }> {
    if (this.#levels.length === 0) throw new Error("Its frames could not be told apart.");
    const { layer, remap, levels } = await this.#do("checkTiming", { timing });
    const by = (rule: boolean) =>
      shownSourceFrames(selectionOf(layer, remap, null, rule), { frameCount: FRAMES });
    return { shown: levels.map((level) => this.#frameOf(level)), expected: by(before), other: by(!before) };
  }

  #frameOf(level: number): number {
    const distance = (n: number) => Math.abs(this.#levels[n]! - level);
    return this.#levels.reduce((best, _, n) => (distance(n) < distance(best) ? n : best), 0);
  }

  // -------------------------------------------------------------- mattes and masks

  async #matte(): Promise<Answer> {
    const { isTaken, follows } = await this.#do("checkMatte", null);
    return { finding: isTaken && follows, detail: `matte taken: ${isTaken}; parent taken: ${follows}` };
  }

  async #masks(): Promise<CheckLine[]> {
    const asked = this.#do("checkMasks", null);
    return [
      await line("A mask can be used after another was added", "", async () => ({
        finding: (await asked).referencesLast,
        detail: "Masklet fetches it again either way",
      })),
      await line("Mask vertices move evenly between keyframes", "", async () => ({
        finding: (await asked).movesEvenly,
        detail: "",
      })),
      await line("Mask vertices count the source's pixels", "", async () => ({
        finding: (await asked).countsSourcePixels,
        detail: "tried with pixels twice as wide as high",
      })),
      await line("Writing keyframes of a mask path takes", "ms", async () => {
        const { keys, vertices, milliseconds } = await asked;
        return { finding: milliseconds, detail: `${keys} keyframes of ${vertices} vertices, in one step` };
      }),
    ];
  }
}

/** A check that fails is a line too: what could not be found out, and why. */
async function line(name: string, unit: string, check: () => Promise<Answer>): Promise<CheckLine> {
  try {
    return { name, unit, ...(await check()) };
  } catch (error) {
    return { name, unit, finding: null, detail: error instanceof Error ? error.message : String(error) };
  }
}

function compared(shown: readonly number[], expected: readonly number[]): Answer {
  const wrong = expected.findIndex((frame, n) => frame !== shown[n]);
  if (same(shown, expected)) return { finding: true, detail: `${shown.length} frames compared` };
  return { finding: false, detail: `frame ${wrong}: shows ${shown[wrong]}, expected ${expected[wrong]}` };
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, n) => value === b[n]);
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[values.length >> 1]!);
}
