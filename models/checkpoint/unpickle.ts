/**
 * Pure: reads the pickle of a PyTorch state dict. Nothing in a checkpoint can execute: the machine knows
 * the opcodes that a state dict needs, and a global name is only ever looked up in the caller's table.
 */
import { badCheckpoint } from "../model-error.ts";
import { decodeUtf8 } from "./text.ts";

/** Functions by "module name"; each builds a value from the pickled arguments. */
export type PickleGlobals = Record<string, (args: unknown[]) => unknown>;

export interface PickleOptions {
  globals: PickleGlobals;
  /** Turns a persistent id into a value (a storage, in PyTorch's files). */
  persistentLoad(id: unknown): unknown;
}

/** A state dict keeps a few values per tensor on the stack; a deeper stack is no state dict. */
const MAX_STACK = 1_000_000;

const FOREIGN = "Only weights are read, never code. Save the state dict alone with torch.save.";

/** Values are untrusted: whoever takes one out checks what it is. */
export function unpickle(bytes: Uint8Array, options: PickleOptions): unknown {
  return new PickleMachine(bytes, options).run();
}

class PickleMachine {
  readonly bytes: Uint8Array;
  readonly options: PickleOptions;
  readonly view: DataView;
  readonly memo = new Map<number, unknown>();
  readonly marks: number[] = [];
  stack: unknown[] = [];
  at = 0;

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.bytes = bytes;
    this.options = options;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const position = this.at;
      const opcode = this.byte();
      if (opcode === STOP) return this.pop();
      const step = OPCODES[opcode];
      if (step === undefined) throw unknownOpcode(opcode, position);
      step(this);
      if (this.stack.length > MAX_STACK) throw damaged("it nests deeper than a state dict");
    }
  }

  // ---- the stream

  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw damaged("it ends in the middle");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  uint16(): number {
    this.take(2);
    return this.view.getUint16(this.at - 2, true);
  }

  uint32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }

  int32(): number {
    return this.uint32() | 0;
  }

  float64(): number {
    this.take(8);
    return this.view.getFloat64(this.at - 8, false);
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw damaged("it ends in the middle of a name");
    const text = decodeUtf8(this.take(end - this.at));
    this.take(1);
    return text;
  }

  /** Little-endian two's complement of any length up to what a number can hold. */
  long(length: number): number {
    if (length > 8) throw damaged(`it has an integer of ${length} bytes`);
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    return Number(BigInt.asIntN(8 * length, value));
  }

  // ---- the stack

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw damaged("its stack runs empty");
    return this.stack.pop();
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  popToMark(): unknown[] {
    const start = this.marks.pop();
    if (start === undefined || start > this.stack.length) throw damaged("it lacks a mark");
    return this.stack.splice(start);
  }

  popTuple(length: number): void {
    if (this.stack.length < length) throw damaged("its stack runs empty");
    this.push(this.stack.splice(this.stack.length - length));
  }

  top(): unknown {
    if (this.stack.length === 0) throw damaged("its stack runs empty");
    return this.stack[this.stack.length - 1];
  }

  // ---- containers and calls

  setItems(items: unknown[]): void {
    const target = this.top();
    if (!(target instanceof Map) || items.length % 2 !== 0)
      throw damaged("it fills something that is no dict");
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  append(items: unknown[]): void {
    const target = this.top();
    if (!Array.isArray(target)) throw damaged("it appends to something that is no list");
    for (const item of items) target.push(item);
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw damaged("it recalls a value that it never stored");
    this.push(this.memo.get(index));
  }

  global(module: string, name: string): void {
    const known = `${module} ${name}`;
    if (!Object.hasOwn(this.options.globals, known)) {
      throw badCheckpoint(
        `The checkpoint wants to call "${module}.${name}", which is no part of a state dict; it was refused.`,
        FOREIGN,
      );
    }
    this.push(this.options.globals[known]);
  }

  stackGlobal(): void {
    const name = this.pop();
    const module = this.pop();
    if (typeof name !== "string" || typeof module !== "string") throw damaged("it names a global by no text");
    this.global(module, name);
  }

  reduce(): void {
    const args = this.pop();
    const build = this.pop();
    if (typeof build !== "function" || !Array.isArray(args))
      throw damaged("it calls something that is no function");
    this.push(build(args));
  }

  /** A state dict's OrderedDict carries attributes (`_metadata`) that hold no weights. */
  build(): void {
    this.pop();
    this.top();
  }
}

const STOP = 0x2e;

/** What a state dict needs of pickle protocols 2 to 5, by opcode. */
const OPCODES: Record<number, (machine: PickleMachine) => void> = {
  // Protocol and framing
  128: (m) => void m.byte(),
  149: (m) => void m.take(8),
  // Constants
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  75: (m) => m.push(m.byte()),
  77: (m) => m.push(m.uint16()),
  74: (m) => m.push(m.int32()),
  138: (m) => m.push(m.long(m.byte())),
  71: (m) => m.push(m.float64()),
  88: (m) => m.push(decodeUtf8(m.take(m.uint32()))),
  140: (m) => m.push(decodeUtf8(m.take(m.byte()))),
  85: (m) => m.push(decodeUtf8(m.take(m.byte()))),
  // Containers
  125: (m) => m.push(new Map()),
  93: (m) => m.push([]),
  41: (m) => m.push([]),
  40: (m) => m.mark(),
  116: (m) => m.push(m.popToMark()),
  133: (m) => m.popTuple(1),
  134: (m) => m.popTuple(2),
  135: (m) => m.popTuple(3),
  97: (m) => m.append([m.pop()]),
  101: (m) => m.append(m.popToMark()),
  115: (m) => m.setItems([m.pop(), m.pop()].reverse()),
  117: (m) => m.setItems(m.popToMark()),
  // The memo
  113: (m) => m.remember(m.byte()),
  114: (m) => m.remember(m.uint32()),
  148: (m) => m.remember(m.memo.size),
  104: (m) => m.recall(m.byte()),
  106: (m) => m.recall(m.uint32()),
  // Globals, which are looked up and never imported
  99: (m) => m.global(m.line(), m.line()),
  147: (m) => m.stackGlobal(),
  82: (m) => m.reduce(),
  98: (m) => m.build(),
  81: (m) => m.push(m.options.persistentLoad(m.pop())),
};

/** Names of opcodes that other pickles have, so that a refusal can say which. */
const REFUSED_OPCODES: Record<number, string> = {
  105: "INST",
  111: "OBJ",
  129: "NEWOBJ",
  146: "NEWOBJ_EX",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  80: "PERSID",
  83: "STRING",
  73: "INT",
  76: "LONG",
  139: "LONG4",
  70: "FLOAT",
  86: "UNICODE",
  66: "BINBYTES",
  67: "SHORT_BINBYTES",
  142: "BINBYTES8",
  150: "BYTEARRAY8",
  141: "BINUNICODE8",
  84: "BINSTRING",
  143: "EMPTY_SET",
  144: "ADDITEMS",
  145: "FROZENSET",
  48: "POP",
  49: "POP_MARK",
  50: "DUP",
  100: "DICT",
  108: "LIST",
  151: "NEXT_BUFFER",
  152: "READONLY_BUFFER",
};

function unknownOpcode(opcode: number, position: number): Error {
  const name = REFUSED_OPCODES[opcode];
  if (name === undefined) return damaged(`byte ${opcode} at ${position} is no opcode`);
  return badCheckpoint(
    `The checkpoint's pickle uses ${name}, which a state dict does not need; it was refused.`,
    FOREIGN,
  );
}

function damaged(what: string): Error {
  return badCheckpoint(`The checkpoint's pickle can't be read: ${what}.`);
}
