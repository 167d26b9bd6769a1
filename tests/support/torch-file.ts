/** Test support, pure: writes PyTorch checkpoints, whole ones and forged ones, byte by byte. */
import { zipSync } from "fflate";

/** A piece of a pickle, protocol 2. */
export type Pickle = Uint8Array;

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

export function joinBytes(...parts: (Uint8Array | number[])[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    all.set(part, at);
    return at + part.length;
  }, 0);
  return all;
}

const MARK = [0x28];

export const pickle = {
  /** The whole stream: protocol, value, stop. */
  stream: (value: Pickle) => joinBytes([0x80, 2], value, [0x2e]),
  text: (value: string) => {
    const bytes = new TextEncoder().encode(value);
    return joinBytes([0x58, bytes.length & 255, bytes.length >> 8, 0, 0], bytes);
  },
  int: (value: number) => {
    const bytes = new Uint8Array(5);
    bytes[0] = 0x4a;
    new DataView(bytes.buffer).setInt32(1, value, true);
    return bytes;
  },
  /** LONG1: integers beyond 32 bits. */
  long: (value: bigint) => {
    const bytes = new Uint8Array(10);
    bytes.set([0x8a, 8]);
    new DataView(bytes.buffer).setBigInt64(2, value, true);
    return bytes;
  },
  none: () => Uint8Array.of(0x4e),
  no: () => Uint8Array.of(0x89),
  global: (module: string, name: string) => joinBytes([0x63], ascii(`${module}\n${name}\n`)),
  tuple: (...items: Pickle[]) => joinBytes(MARK, ...items, [0x74]),
  dict: (entries: [string, Pickle][]) =>
    joinBytes([0x7d], MARK, ...entries.map(([key, value]) => joinBytes(pickle.text(key), value)), [0x75]),
  call: (callable: Pickle, args: Pickle) => joinBytes(callable, args, [0x52]),
  persistent: (id: Pickle) => joinBytes(id, [0x51]),
};

export interface TorchTensorSpec {
  /** Number of the storage, "data/KEY". */
  storage: string;
  /** As in torch, e.g. "FloatStorage". */
  storageType: string;
  storageLength: number;
  offset: number;
  shape: (number | bigint)[];
  strides: number[];
}

export function tensorPickle(spec: TorchTensorSpec): Pickle {
  const { storage, storageType, storageLength, offset, shape, strides } = spec;
  const id = pickle.tuple(
    pickle.text("storage"),
    pickle.global("torch", storageType),
    pickle.text(storage),
    pickle.text("cpu"),
    pickle.int(storageLength),
  );
  const sizes = shape.map((size) => (typeof size === "bigint" ? pickle.long(size) : pickle.int(size)));
  const hooks = pickle.call(pickle.global("collections", "OrderedDict"), pickle.tuple());
  return pickle.call(
    pickle.global("torch._utils", "_rebuild_tensor_v2"),
    pickle.tuple(
      pickle.persistent(id),
      pickle.int(offset),
      pickle.tuple(...sizes),
      pickle.tuple(...strides.map((stride) => pickle.int(stride))),
      pickle.no(),
      hooks,
    ),
  );
}

/** A `.pt` file with these tensors under "model". `storages` are little-endian bytes by number. */
export function torchFile(
  tensors: Record<string, TorchTensorSpec>,
  storages: Record<string, Uint8Array>,
): Uint8Array {
  const model = pickle.dict(Object.entries(tensors).map(([name, spec]) => [name, tensorPickle(spec)]));
  return torchArchive(pickle.stream(pickle.dict([["model", model]])), storages);
}

/** The archive around any pickle. */
export function torchArchive(pickled: Uint8Array, storages: Record<string, Uint8Array> = {}): Uint8Array {
  const files: Record<string, Uint8Array> = { "archive/data.pkl": pickled, "archive/version": ascii("3\n") };
  for (const [key, bytes] of Object.entries(storages)) files[`archive/data/${key}`] = bytes;
  return zipSync(files, { level: 0 });
}

export function bytesOf(
  data: Float32Array | Uint16Array | Float64Array | BigInt64Array | Int32Array,
): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
