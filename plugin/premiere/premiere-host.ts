/** Premiere as the panel sees it; runs in the UXP script context. */
import type { EditPlan } from "../edit-plan.ts";
import type {
  ClipSelection,
  HostApi,
  HostDescription,
  HostOutcome,
  PlanReport,
  SelfCheckReport,
} from "../protocol.ts";
import { carryOut } from "./carry-out.ts";
import { readFindings } from "./findings.ts";
import { removeOldStills, renderStill, type Still } from "./frame-export.ts";
import { type HostEnvironment, HostError, outcomeOf } from "./host-environment.ts";
import { chooseMatteFolder, matteFolder, writeMatteFile } from "./matte-files.ts";
import { MediaReader } from "./media-bytes.ts";
import { readSelection } from "./read-selection.ts";
import { checkHost } from "./self-check.ts";
import { loadSession, storeSession } from "./storage.ts";
import { TrackIsolation } from "./track-isolation.ts";
import { unsupportedVersion } from "./versions.ts";

/** The self-check found that the last step can't be done by a plugin here: still worth having. */
const BY_HAND = { reason: "The matte is placed; which track the Track Matte Key uses is then set by hand." };

export class PremiereHost implements HostApi {
  readonly #environment: HostEnvironment;
  readonly #media: MediaReader;
  readonly #isolation: TrackIsolation;
  /** Where the media of a clip lies, as the last `readSelection` found it. */
  readonly #mediaPaths = new Map<string, string>();
  /** One change at a time: two plans would read each other's half-made timeline. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(environment: HostEnvironment) {
    this.#environment = environment;
    this.#media = new MediaReader(environment.files);
    this.#isolation = new TrackIsolation(environment);
  }

  /** Cleans up after an earlier run that ended without warning. */
  async recover(): Promise<HostOutcome<null>> {
    return outcomeOf(async () => {
      await removeOldStills(this.#environment);
      await this.#isolation.restore();
      return null;
    });
  }

  async describe(): Promise<HostDescription> {
    const { hostVersion } = this.#environment;
    const reason = unsupportedVersion(hostVersion) ?? "";
    const { matteTakesTrackId } = await readFindings(this.#environment);
    const ability = (name: HostDescription["abilities"][number]["ability"]) => ({
      ability: name,
      available: reason === "",
      reason,
    });
    return {
      name: "premiere",
      version: hostVersion,
      abilities: [
        ability("media-bytes"),
        ability("frame-stills"),
        { ...ability("track-matte"), ...(matteTakesTrackId === false && reason === "" ? BY_HAND : {}) },
        ability("cut-out"),
        ability("import-only"),
        ability("markers"),
        ability("session-storage"),
        {
          ability: "mask-path",
          available: false,
          reason: "Premiere has no way for a plugin to write mask paths.",
        },
      ],
    };
  }

  readSelection(): Promise<HostOutcome<ClipSelection>> {
    return outcomeOf(async () => {
      const selection = await readSelection(this.#environment);
      if (selection.mediaPath) this.#mediaPaths.set(selection.clipId, selection.mediaPath);
      return selection;
    });
  }

  readMedia(clipId: string, offset: number, length: number): Promise<HostOutcome<string>> {
    return outcomeOf(() => this.#media.read(this.#mediaPathOf(clipId), offset, length));
  }

  renderStill(clipId: string, frameIndex: number, maxWidth: number): Promise<HostOutcome<Still>> {
    return this.#alone(() => renderStill(this.#environment, this.#isolation, clipId, frameIndex, maxWidth));
  }

  writeFile(path: string, base64: string, append: boolean): Promise<HostOutcome<{ absolutePath: string }>> {
    return outcomeOf(async () => ({
      absolutePath: await writeMatteFile(this.#environment, path, base64, append),
    }));
  }

  carryOut(plan: EditPlan): Promise<HostOutcome<PlanReport>> {
    return this.#alone(async () => {
      await this.#isolation.restore();
      return carryOut(this.#environment, plan);
    });
  }

  storeSession(key: string, json: string): Promise<HostOutcome<null>> {
    return outcomeOf(async () => {
      await storeSession(this.#environment, key, json);
      return null;
    });
  }

  loadSession(key: string): Promise<HostOutcome<string | null>> {
    return outcomeOf(() => loadSession(this.#environment, key));
  }

  matteFolder(): Promise<HostOutcome<string>> {
    return outcomeOf(() => matteFolder(this.#environment));
  }

  chooseMatteFolder(): Promise<HostOutcome<string | null>> {
    return outcomeOf(() => chooseMatteFolder(this.#environment));
  }

  selfCheck(): Promise<HostOutcome<SelfCheckReport>> {
    return this.#alone(async () => {
      await this.#isolation.restore();
      return checkHost(this.#environment);
    });
  }

  #mediaPathOf(clipId: string): string {
    const path = this.#mediaPaths.get(clipId);
    if (path) return path;
    throw new HostError(
      "offline-media",
      "The clip has no media file that can be read.",
      "Select the clip again.",
    );
  }

  #alone<T>(work: () => Promise<T>): Promise<HostOutcome<T>> {
    const outcome = this.#busy.then(() => outcomeOf(work));
    this.#busy = outcome;
    return outcome;
  }
}
