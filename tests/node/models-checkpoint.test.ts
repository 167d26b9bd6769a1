/** In Node: checkpoints are read exactly, and damaged, foreign or malicious ones are refused with a reason. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { type ByteSource, blobSource, memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { ModelError } from "../../models/model-error.ts";
import { encodeSafetensors } from "../support/safetensors-file.ts";
import {
  bytesOf,
  joinBytes,
  pickle,
  type TorchTensorSpec,
  tensorPickle,
  torchArchive,
  torchFile,
} from "../support/torch-file.ts";

const BUILTIN = readFileSync(
  fileURLToPath(new URL("../../models/embedded/masklet-nano.pt", import.meta.url)),
);

const open = (bytes: Uint8Array) => openCheckpoint(memorySource(bytes));

async function refusal(bytes: Uint8Array): Promise<ModelError> {
  const error = await open(bytes).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  const refused = error as ModelError;
  expect(refused.code).toBe("bad-checkpoint");
  expect(refused.remedy).not.toBe("");
  return refused;
}

/** One tensor of six float32 values 0 … 5. */
function spec(changes: Partial<TorchTensorSpec> = {}): TorchTensorSpec {
  return {
    storage: "0",
    storageType: "FloatStorage",
    storageLength: 6,
    offset: 0,
    shape: [2, 3],
    strides: [3, 1],
    ...changes,
  };
}
const SIX = { "0": bytesOf(Float32Array.of(0, 1, 2, 3, 4, 5)) };

describe("a PyTorch checkpoint", () => {
  it("gives names, types, shapes and values", async () => {
    const checkpoint = await open(torchFile({ w: spec() }, SIX));
    expect(checkpoint.format).toBe("pt");
    expect(checkpoint.tensors.get("w")).toMatchObject({ dtype: "f32", shape: [2, 3] });
    expect([...(await checkpoint.read("w"))]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each([
    ["transposed", { shape: [3, 2], strides: [1, 3] }, [0, 3, 1, 4, 2, 5]],
    ["a slice", { offset: 2, shape: [2], strides: [1] }, [2, 3]],
    ["a column", { offset: 1, shape: [2], strides: [3] }, [1, 4]],
    ["expanded", { shape: [2, 3], strides: [0, 1] }, [0, 1, 2, 0, 1, 2]],
    ["a scalar", { offset: 5, shape: [], strides: [] }, [5]],
    ["empty", { shape: [0, 3], strides: [3, 1] }, []],
    ["of size one in odd strides", { shape: [1, 6], strides: [77, 1] }, [0, 1, 2, 3, 4, 5]],
  ] as const)("reads a tensor that is %s", async (_, changes, expected) => {
    const tensor = spec({ ...changes, shape: [...changes.shape], strides: [...changes.strides] });
    const checkpoint = await open(torchFile({ w: tensor }, SIX));
    expect([...(await checkpoint.read("w"))]).toEqual(expected);
  });

  it("reads two tensors that share a storage", async () => {
    const file = torchFile(
      { a: spec({ shape: [2], strides: [1] }), b: spec({ offset: 1, shape: [2], strides: [2] }) },
      SIX,
    );
    const checkpoint = await open(file);
    expect([...(await checkpoint.read("a"))]).toEqual([0, 1]);
    expect([...(await checkpoint.read("b"))]).toEqual([1, 3]);
  });

  it.each([
    ["HalfStorage", bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7c00))],
    ["BFloat16Storage", bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x3eab, 0x0001, 0x8000, 0x7f80))],
    ["DoubleStorage", bytesOf(Float64Array.of(1, -2, 0.25, 1e-8, -0, 9))],
    ["LongStorage", bytesOf(BigInt64Array.of(1n, -2n, 3n, 4n, 5n, -6n))],
    ["IntStorage", bytesOf(Int32Array.of(1, -2, 3, 4, 5, -6))],
  ])("widens %s to float32 exactly", async (storageType, bytes) => {
    const checkpoint = await open(torchFile({ w: spec({ storageType }) }, { "0": bytes }));
    const expected: Record<string, number[]> = {
      HalfStorage: [1, -2, 0.333251953125, 2 ** -24, -0, Number.POSITIVE_INFINITY],
      BFloat16Storage: [1, -2, 0.333984375, 2 ** -133, -0, Number.POSITIVE_INFINITY],
      DoubleStorage: [1, -2, 0.25, Math.fround(1e-8), -0, 9],
      LongStorage: [1, -2, 3, 4, 5, -6],
      IntStorage: [1, -2, 3, 4, 5, -6],
    };
    expect([...(await checkpoint.read("w"))]).toEqual(expected[storageType]);
  });

  it("is read piece by piece: opening it reads a small part of the file", async () => {
    let bytesRead = 0;
    const counting: ByteSource = {
      size: BUILTIN.length,
      read: (offset, length) => {
        bytesRead += length;
        return memorySource(BUILTIN).read(offset, length);
      },
    };
    const checkpoint = await openCheckpoint(counting);
    expect(bytesRead).toBeLessThan(0.1 * BUILTIN.length + 200_000);
    const before = bytesRead;
    const values = await checkpoint.read("no_mem_embed");
    expect(bytesRead - before).toBeLessThan(4 * values.length + 100);
  });

  it("is the same through a Blob", async () => {
    const [memory, blob] = [await open(BUILTIN), await openCheckpoint(blobSource(new Blob([BUILTIN])))];
    const name = "image_encoder.trunk.patch_embed.proj.weight";
    expect(await blob.read(name)).toEqual(await memory.read(name));
    expect([...blob.tensors.keys()]).toEqual([...memory.tensors.keys()]);
  });
});

describe("a safetensors checkpoint", () => {
  it("gives names, shapes and values", async () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const checkpoint = await open(encodeSafetensors([{ name: "w", shape: [2, 2], data }]));
    expect(checkpoint.format).toBe("safetensors");
    expect(await checkpoint.read("w")).toEqual(data);
  });

  it("is refused where it ends before its values", async () => {
    const whole = encodeSafetensors([{ name: "w", shape: [4], data: new Float32Array(4) }]);
    expect((await refusal(whole.subarray(0, whole.length - 4))).message).toMatch(
      /"w" should reach to byte .* truncated/,
    );
  });

  it.each([
    [
      { dtype: "F32", shape: [3], data_offsets: [0, 16] },
      /"w" of shape \[3\] should have 12 bytes; it has 16/,
    ],
    [{ dtype: "F9", shape: [4], data_offsets: [0, 16] }, /element type F9/],
    [{ dtype: "F32", shape: [-4], data_offsets: [0, 16] }, /lacks its shape/],
    [{ dtype: "F32", shape: [2 ** 20, 2 ** 20], data_offsets: [0, 16] }, /more than/],
    [null, /element type/],
  ])("is refused with an entry %j", async (entry, reason) => {
    const header = new TextEncoder().encode(JSON.stringify({ w: entry }));
    const length = new Uint8Array(8);
    length[0] = header.length;
    expect((await refusal(joinBytes(length, header, new Uint8Array(16)))).message).toMatch(reason);
  });
});

describe("what is no checkpoint", () => {
  it.each([
    ["an empty file", new Uint8Array(0), /is empty/],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html><html>Not found"), /text \("<!DOCTYPE html>/],
    [
      "a pointer of Git LFS",
      new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"),
      /is text/,
    ],
    [
      "a PNG",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
      /not known here .* 89 50 4e 47/,
    ],
    ["an old PyTorch file", joinBytes([0x80, 2], new Uint8Array(60)), /old PyTorch version/],
    ["another zip archive", zipSync({ "readme.txt": Uint8Array.of(1) }), /no data\.pkl/],
  ])("%s is refused with what it is", async (_, bytes, reason) => {
    expect((await refusal(bytes)).message).toMatch(reason);
  });

  it.each([0.1, 0.5, 0.9, 0.99, 0.9999])(
    "a checkpoint cut off at %f of its length is refused",
    async (part) => {
      const error = await refusal(BUILTIN.subarray(0, Math.floor(part * BUILTIN.length)));
      expect(error.message).toMatch(/truncated or damaged/);
      expect(error.remedy).toMatch(/[Dd]ownload/);
    },
  );

  it("a checkpoint with a hole inside is refused when it is opened or read, never read wrongly", async () => {
    // The directory is whole, but everything before it moved by one byte.
    const moved = joinBytes(BUILTIN.subarray(0, 1000), BUILTIN.subarray(1001));
    await expect(open(moved)).rejects.toThrow(ModelError);
  });
});

describe("a forged checkpoint", () => {
  const call = (module: string, name: string) =>
    torchArchive(
      pickle.stream(pickle.call(pickle.global(module, name), pickle.tuple(pickle.text("echo owned")))),
    );

  it.each([
    ["os", "system"],
    ["posix", "system"],
    ["builtins", "eval"],
    ["__builtin__", "exec"],
    ["torch", "load"],
    ["collections", "defaultdict"],
    ["constructor", "constructor"],
  ])("that calls %s.%s is refused by name", async (module, name) => {
    const error = await refusal(call(module, name));
    expect(error.message).toContain(`"${module}.${name}"`);
    expect(error.remedy).toMatch(/never code/);
  });

  it("that calls a storage type is refused", async () => {
    expect((await refusal(call("torch", "FloatStorage"))).message).toMatch(/calls torch\.FloatStorage/);
  });

  it.each([
    ["INST", joinBytes([0x28, 0x69], new TextEncoder().encode("os\nsystem\n"))],
    ["NEWOBJ", Uint8Array.of(0x29, 0x29, 0x81)],
    ["EXT1", Uint8Array.of(0x82, 1)],
    ["BINBYTES", Uint8Array.of(0x42, 0, 0, 0, 0)],
  ])("with the opcode %s is refused by its name", async (name, code) => {
    expect((await refusal(torchArchive(pickle.stream(code)))).message).toContain(name);
  });

  it.each([
    ["nothing", Uint8Array.of(0x80, 2)],
    ["an empty stack", Uint8Array.of(0x80, 2, 0x2e)],
    ["a missing mark", Uint8Array.of(0x80, 2, 0x74, 0x2e)],
    ["an unknown memo", Uint8Array.of(0x80, 2, 0x68, 9, 0x2e)],
    ["a byte that is no opcode", Uint8Array.of(0x80, 2, 0xff)],
    ["a text longer than the file", Uint8Array.of(0x80, 2, 0x58, 255, 255, 255, 127)],
    ["an append to no list", joinBytes([0x80, 2], pickle.none(), pickle.none(), [0x61, 0x2e])],
  ])("whose pickle has %s is refused", async (_, stream) => {
    expect((await refusal(torchArchive(stream))).message).toMatch(/pickle can't be read/);
  });

  it("that holds no state dict is refused", async () => {
    const nothing = torchArchive(pickle.stream(pickle.dict([["epoch", pickle.int(3)]])));
    expect((await refusal(nothing)).message).toMatch(/no state dict/);
  });

  it.each([
    ["more values than are stored", spec({ shape: [7], strides: [1] }), /reaches beyond its 6 stored values/],
    ["a stride beyond its values", spec({ strides: [100, 1] }), /reaches beyond/],
    ["an offset beyond its values", spec({ offset: 6 }), /reaches beyond/],
    ["a negative shape", spec({ shape: [-2, -3] }), /lacks its storage, offset, shape/],
    [
      "a shape of 10^18 values in no space",
      spec({ shape: [10n ** 9n, 10n ** 9n], strides: [0, 0] }),
      /more than/,
    ],
    ["strides of another length", spec({ strides: [1] }), /strides/],
    ["a storage of another length", spec({ storageLength: 7 }), /should have 28 bytes; it has 24/],
    ["a storage that is not there", spec({ storage: "9" }), /lacks "archive\/data\/9"/],
    ["an unknown storage type", spec({ storageType: "QInt8Storage" }), /"torch\.QInt8Storage"/],
  ])("with a tensor of %s is refused", async (_, tensor, reason) => {
    expect((await refusal(torchFile({ w: tensor }, SIX))).message).toMatch(reason);
  });

  it("with a compressed storage, however large it unpacks, is refused", async () => {
    const model = pickle.dict([
      ["w", tensorPickle(spec({ storageLength: 2 ** 22, shape: [2 ** 22], strides: [1] }))],
    ]);
    const bomb = zipSync({
      "archive/data.pkl": [pickle.stream(pickle.dict([["model", model]])), { level: 0 }],
      "archive/data/0": [new Uint8Array(2 ** 24), { level: 9 }],
    });
    expect((await refusal(bomb)).message).toMatch(/compressed \(method 8\)/);
  });

  it("with a pickle of 17 MB is refused before it is read", async () => {
    const large = torchArchive(new Uint8Array(17 * 2 ** 20));
    expect((await refusal(large)).message).toMatch(/at most 16777216 are read/);
  });
});
