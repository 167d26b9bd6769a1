/** Sessions on the disk, as After Effects' panel keeps them, on real disks. */
import fs, { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DiskStore, type SessionFiles } from "../../panel/storage/disk-store.ts";
import { CAN_MAKE_SMALL_DISK, smallDisk } from "../support/small-disk.ts";

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "masklet-sessions-"));
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

const storeIn = (folder: string, files: Partial<SessionFiles> = {}) =>
  new DiskStore({ ...(fs as unknown as SessionFiles), ...files }, folder);

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);

describe("sessions on the disk", () => {
  it("are there for the next panel, newest first, under the clip's name", async () => {
    const store = storeIn(join(place, "not there yet"));
    await store.write("a-1", "a.mov", bytes(3));
    await store.write("b-2", "bé.mov", bytes(4));
    fs.utimesSync(join(place, "not there yet/a-1/session"), 1, 1);
    const next = storeIn(join(place, "not there yet"));
    expect((await next.list()).map(({ key, name }) => [key, name])).toEqual([
      ["b-2", "bé.mov"],
      ["a-1", "a.mov"],
    ]);
    expect(await next.read("a-1")).toEqual(bytes(3));
    expect(await next.read("c-3")).toBeNull();
    await next.remove("a-1");
    expect(await next.list()).toHaveLength(1);
  });

  it("stay as they were where writing ends half-way", async () => {
    await storeIn(place).write("a", "a.mov", bytes(3));
    const torn = storeIn(place, {
      writeFileSync: (path, data) => {
        fs.writeFileSync(path, data.subarray(0, 1));
        if (path.includes("session")) throw new Error("the machine went off");
      },
    });
    await expect(torn.write("a", "a.mov", bytes(9, 8))).rejects.toThrow("went off");
    expect(await storeIn(place).read("a")).toEqual(bytes(3));
    expect(readdirSync(join(place, "a")).sort()).toEqual(["name", "session"]);
  });

  it.skipIf(!CAN_MAKE_SMALL_DISK)(
    "stay as they were where the disk is full, and the full disk is told",
    async () => {
      const disk = join(place, "disk");
      const remove = smallDisk(disk, 64);
      try {
        const store = storeIn(disk);
        await store.write("a", "a.mov", bytes(20_000));
        await expect(store.write("a", "a.mov", bytes(60_000, 8))).rejects.toThrow("no space left");
        expect(await store.read("a")).toEqual(bytes(20_000));
        expect(existsSync(join(disk, "a/session.new"))).toBe(false);
        await store.write("a", "a.mov", bytes(20_001, 9));
        expect(await store.read("a")).toEqual(bytes(20_001, 9));
      } finally {
        remove();
      }
    },
  );
});
