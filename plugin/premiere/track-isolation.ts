/** Shows one video track alone while frames are exported, and restores the others; UXP script context. */
import type { Sequence } from "@adobe/premierepro";
import { type HostEnvironment, messageOf } from "./host-environment.ts";
import { joinPath } from "./paths.ts";
import { openSequence } from "./sequence.ts";

/** Which tracks were muted by Masklet, kept on disk so that a crash doesn't leave them muted. */
interface MutedTracks {
  sequenceId: string;
  trackIds: number[];
}

/** How long after the last export the tracks come back: longer than a frame takes, short for a person. */
const RELEASE_AFTER_MILLISECONDS = 2000;

export class TrackIsolation {
  readonly #environment: HostEnvironment;
  #isolated: { sequenceId: string; trackIndex: number } | null = null;
  #lastUse = 0;
  #users = 0;
  #watching = false;

  constructor(environment: HostEnvironment) {
    this.#environment = environment;
  }

  /** Does something while every other video track is muted. They come back a while after the last use. */
  async during<T>(sequence: Sequence, trackIndex: number, work: () => Promise<T>): Promise<T> {
    await this.#isolate(sequence, trackIndex);
    this.#users++;
    try {
      return await work();
    } finally {
      this.#users--;
      this.#lastUse = this.#environment.now();
    }
  }

  async #isolate(sequence: Sequence, trackIndex: number): Promise<void> {
    this.#lastUse = this.#environment.now();
    const sequenceId = sequence.guid.toString();
    if (this.#isolated?.sequenceId === sequenceId && this.#isolated.trackIndex === trackIndex) return;
    await this.restore();
    await this.#muteOthers(sequence, sequenceId, trackIndex);
    this.#isolated = { sequenceId, trackIndex };
    void this.#releaseWhenIdle();
  }

  async #muteOthers(sequence: Sequence, sequenceId: string, trackIndex: number): Promise<void> {
    const muted: MutedTracks = { sequenceId, trackIds: [] };
    const count = await sequence.getVideoTrackCount();
    for (let index = 0; index < count; index++) {
      if (index === trackIndex) continue;
      const track = await sequence.getVideoTrack(index);
      if (await track.isMuted()) continue;
      muted.trackIds.push(track.id);
      // Written before muting: a crash in between restores a track that was never muted, which is harmless.
      await this.#remember(muted);
      await track.setMute(true);
    }
  }

  /** Unmutes what was muted, also after a crash of an earlier run, and whichever sequence is open now. */
  async restore(): Promise<void> {
    this.#isolated = null;
    const muted = await this.#remembered();
    if (!muted) return;
    const { project } = await openSequence(this.#environment);
    const sequences = await project.getSequences();
    const sequence = sequences.find((each) => each.guid.toString() === muted.sequenceId);
    if (sequence) await unmute(sequence, muted.trackIds);
    await this.#environment.files.unlink(this.#path());
  }

  async #releaseWhenIdle(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    try {
      while (this.#isolated) {
        const idle = this.#users > 0 ? 0 : this.#environment.now() - this.#lastUse;
        if (idle >= RELEASE_AFTER_MILLISECONDS) await this.restore();
        else await this.#environment.wait(RELEASE_AFTER_MILLISECONDS - idle);
      }
    } catch (error) {
      // The list stays on disk: the next call, or the next start, restores the tracks.
      console.error(`Masklet: muted tracks not restored yet: ${messageOf(error)}`);
    } finally {
      this.#watching = false;
    }
  }

  #path(): string {
    return joinPath(this.#environment.dataFolder, "muted-tracks.json");
  }

  async #remember(muted: MutedTracks): Promise<void> {
    await this.#environment.files.writeFile(this.#path(), JSON.stringify(muted), { encoding: "utf-8" });
  }

  async #remembered(): Promise<MutedTracks | null> {
    try {
      return JSON.parse(await this.#environment.files.readFile(this.#path(), { encoding: "utf-8" }));
    } catch {
      return null;
    }
  }
}

async function unmute(sequence: Sequence, trackIds: readonly number[]): Promise<void> {
  const count = await sequence.getVideoTrackCount();
  for (let index = 0; index < count; index++) {
    const track = await sequence.getVideoTrack(index);
    if (trackIds.includes(track.id)) await track.setMute(false);
  }
}
