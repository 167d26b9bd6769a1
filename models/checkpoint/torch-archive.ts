/** Pure: reads the tensors of a PyTorch checkpoint (`torch.save` since 1.6: a zip archive). */
import type { ByteSource } from "../byte-source.ts";
import { badCheckpoint } from "../model-error.ts";
import { BYTES_PER_ELEMENT, type Dtype, toFloat32 } from "./dtype.ts";
import { MAX_TENSOR_ELEMENTS, type StateDict } from "./state-dict.ts";
import { decodeUtf8 } from "./text.ts";
import { type PickleGlobals, unpickle } from "./unpickle.ts";
import { checkStored, readZipDirectory, readZipEntry, type ZipEntry } from "./zip-directory.ts";

/** The pickle of SAM 2 large has 0.2 MB; it holds names and shapes, never values. */
const MAX_PICKLE_BYTES = 16 * 2 ** 20;
/** Vision models have tensors of up to 5 dimensions. */
const MAX_DIMENSIONS = 16;

/** Where `torch.save` callers put the weights in what they save; the official files use "model". */
const STATE_DICT_KEYS = ["model", "state_dict", "model_state_dict"];

class TorchStorage {
  readonly key: string;
  readonly dtype: Dtype;
  /** Elements. */
  readonly length: number;

  constructor(key: string, dtype: Dtype, length: number) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
  }
}

/** A view of a storage; several tensors may share one. Offsets and strides count elements. */
class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: number[];
  readonly strides: number[];

  constructor(storage: TorchStorage, offset: number, shape: number[], strides: number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  get dtype(): Dtype {
    return this.storage.dtype;
  }
}

export async function openTorchArchive(source: ByteSource): Promise<StateDict> {
  const entries = await readZipDirectory(source);
  const pickleEntry = findPickle(entries);
  const prefix = pickleEntry.name.slice(0, -"data.pkl".length);
  await checkByteOrder(source, entries.get(`${prefix}byteorder`));
  if (pickleEntry.size > MAX_PICKLE_BYTES) {
    throw badCheckpoint(
      `The checkpoint's pickle has ${pickleEntry.size} bytes; at most ${MAX_PICKLE_BYTES} are read.`,
    );
  }
  const saved = unpickle(await readZipEntry(source, pickleEntry), {
    globals: TORCH_GLOBALS,
    persistentLoad: loadStorage,
  });
  const tensors = findTensors(saved);
  const storageEntry = (tensor: TorchTensor, name: string) =>
    findStorage(entries, `${prefix}data/${tensor.storage.key}`, tensor, name);
  for (const [name, tensor] of tensors) storageEntry(tensor, name);
  return {
    format: "pt",
    tensors,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw badCheckpoint(`The checkpoint has no tensor "${name}".`);
      return readTensor(source, storageEntry(tensor, name), tensor);
    },
  };
}

function findPickle(entries: Map<string, ZipEntry>): ZipEntry {
  for (const entry of entries.values()) if (/^[^/]+\/data\.pkl$/.test(entry.name)) return entry;
  throw badCheckpoint(
    "The file is a zip archive, but not a PyTorch checkpoint: it has no data.pkl.",
    "Pick the .pt or .safetensors file itself.",
  );
}

async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return;
  const order = decodeUtf8(await readZipEntry(source, entry));
  if (order !== "little")
    throw badCheckpoint(`The checkpoint's byte order is "${order}", expected "little".`);
}

// ---------------------------------------------------------------- what the pickle may call

const STORAGE_TYPES: Record<string, Dtype> = {
  DoubleStorage: "f64",
  FloatStorage: "f32",
  HalfStorage: "f16",
  BFloat16Storage: "bf16",
  LongStorage: "i64",
  IntStorage: "i32",
  ShortStorage: "i16",
  CharStorage: "i8",
  ByteStorage: "u8",
  BoolStorage: "bool",
};

/** Marks the storage's type in a persistent id; it is named there, never called. */
const storageTypes = new Map<unknown, Dtype>();

const TORCH_GLOBALS: PickleGlobals = {
  "collections OrderedDict": () => new Map(),
  "torch._utils _rebuild_tensor_v2": (args) => rebuildTensor(args),
  "torch._utils _rebuild_parameter": (args) => args[0],
  ...Object.fromEntries(
    Object.entries(STORAGE_TYPES).map(([name, dtype]) => {
      const marker = () => {
        throw malformed(`it calls torch.${name}`);
      };
      storageTypes.set(marker, dtype);
      return [`torch ${name}`, marker];
    }),
  ),
};

/** ("storage", type, key, device, elements) */
function loadStorage(id: unknown): TorchStorage {
  if (!Array.isArray(id) || id[0] !== "storage") throw malformed("a persistent id is no storage");
  const dtype = storageTypes.get(id[1]);
  const [, , key, , length] = id as unknown[];
  if (dtype === undefined || typeof key !== "string" || !isCount(length)) {
    throw malformed("a storage lacks its type, key or length");
  }
  return new TorchStorage(key, dtype, length);
}

/** (storage, offset, shape, strides, requires_grad, hooks) */
function rebuildTensor(args: unknown[]): TorchTensor {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof TorchStorage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw malformed("a tensor lacks its storage, offset, shape or strides");
  }
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS) {
    throw malformed(`a tensor has shape [${shape}] and strides [${strides}]`);
  }
  return new TorchTensor(storage, offset, shape, strides);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

function malformed(what: string): Error {
  return badCheckpoint(`The checkpoint is malformed: ${what}.`);
}

// ---------------------------------------------------------------- from the pickle to tensors

function findTensors(saved: unknown): Map<string, TorchTensor> {
  if (!(saved instanceof Map)) throw notAStateDict();
  for (const key of STATE_DICT_KEYS) {
    const inner = saved.get(key);
    if (inner instanceof Map) return tensorsOf(inner);
  }
  return tensorsOf(saved);
}

function tensorsOf(dict: Map<unknown, unknown>): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of dict) {
    if (typeof name === "string" && value instanceof TorchTensor) tensors.set(name, value);
  }
  if (tensors.size === 0) throw notAStateDict();
  return tensors;
}

function notAStateDict(): Error {
  return badCheckpoint(
    'The checkpoint holds no state dict: expected tensors by name, or these under "model".',
    "Save it with torch.save({'model': model.state_dict()}, path).",
  );
}

// ---------------------------------------------------------------- values

function findStorage(
  entries: Map<string, ZipEntry>,
  path: string,
  tensor: TorchTensor,
  name: string,
): ZipEntry {
  const entry = entries.get(path);
  const { storage } = tensor;
  if (entry === undefined) throw badCheckpoint(`The archive lacks "${path}", the values of "${name}".`);
  checkStored(entry);
  const expected = storage.length * BYTES_PER_ELEMENT[storage.dtype];
  if (entry.size !== expected) {
    throw badCheckpoint(
      `"${path}", the values of "${name}", should have ${expected} bytes; it has ${entry.size}.`,
    );
  }
  if (countElements(tensor.shape) > MAX_TENSOR_ELEMENTS) {
    throw badCheckpoint(`"${name}" has shape [${tensor.shape}]: more than ${MAX_TENSOR_ELEMENTS} values.`);
  }
  if (tensor.offset + spanOf(tensor) > storage.length) {
    throw badCheckpoint(`"${name}" reaches beyond its ${storage.length} stored values.`);
  }
  return entry;
}

function countElements(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Elements from the first to the last that a tensor touches, both included. */
function spanOf({ shape, strides }: TorchTensor): number {
  if (countElements(shape) === 0) return 0;
  return shape.reduce((last, dimension, axis) => last + (dimension - 1) * strides[axis]!, 1);
}

async function readTensor(source: ByteSource, entry: ZipEntry, tensor: TorchTensor): Promise<Float32Array> {
  const size = BYTES_PER_ELEMENT[tensor.dtype];
  const bytes = await readZipEntry(source, entry, tensor.offset * size, spanOf(tensor) * size);
  const values = toFloat32(bytes, tensor.dtype);
  return isContiguous(tensor) ? values : gather(values, tensor);
}

function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Row-major values of a transposed, sliced or expanded tensor. */
function gather(values: Float32Array, { shape, strides }: TorchTensor): Float32Array {
  const result = new Float32Array(countElements(shape));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
