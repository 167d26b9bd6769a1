/**
 * Runs in the window around the panel, in a browser: what CEP puts into a page. Node's modules are those of
 * the test's own Node, asked over HTTP, so they come from another context, as CEP's do.
 */

/** Binary data inside of JSON. */
interface Bytes {
  $bytes: string;
}

type FsAnswer = { value: unknown } | { error: { message: string; code?: string } };

function ask(path: string, body: unknown): unknown {
  const request = new XMLHttpRequest();
  request.open("POST", path, false);
  request.send(JSON.stringify(body, (_, value) => (ArrayBuffer.isView(value) ? bytesOf(value) : value)));
  const answer = JSON.parse(request.responseText) as FsAnswer;
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  return unpacked(answer.value);
}

function bytesOf(view: ArrayBufferView): Bytes {
  let text = "";
  for (const byte of new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
    text += String.fromCharCode(byte);
  return { $bytes: btoa(text) };
}

function unpacked(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("$bytes" in value)) return value;
  return Uint8Array.from(atob(String(value.$bytes)), (character) => character.charCodeAt(0));
}

const fs = new Proxy(
  {},
  {
    get: (_, method: string) => {
      if (method === "readSync") return readSync;
      return (...args: unknown[]) => ask("/fs", { method, args });
    },
  },
);

function readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number) {
  const bytes = ask("/fs", { method: "readSync", args: [file, length, position] }) as Uint8Array;
  buffer.set(bytes, offset);
  return bytes.length;
}

// ---------------------------------------------------------------- processes

type Listener = (...args: never[]) => void;

class Emitter {
  readonly #listeners: { event: string; listener: Listener }[] = [];

  on(event: string, listener: Listener): this {
    this.#listeners.push({ event, listener });
    return this;
  }

  emit(event: string, ...args: unknown[]): void {
    for (const each of this.#listeners)
      if (each.event === event) (each.listener as (...args: unknown[]) => void)(...args);
  }
}

class ChildStream extends Emitter {
  readonly #child: number;
  #written: Promise<unknown> = Promise.resolve();

  constructor(child: number) {
    super();
    this.#child = child;
  }

  write(chunk: Uint8Array): boolean {
    const body = chunk.slice();
    this.#written = this.#written
      .then(() => fetch(`/child/${this.#child}/input`, { method: "POST", body }))
      .catch(() => {});
    return true;
  }

  destroy(): void {}
}

/** u8 stream, u32 bytes, the bytes; stream 255 is the end, as JSON. */
const HEAD = 5;
const END = 255;

function spawn(file: string, args: string[], options: object): Emitter {
  const child = new Emitter();
  const { id, pid } = ask("/spawn", { file, args, options }) as { id: number; pid: number };
  const stdio = [0, 1, 2, 3].map(() => new ChildStream(id));
  void listen(id, (stream, bytes) => {
    if (stream !== END) return stdio[stream]?.emit("data", bytes);
    const { code, signal, error } = JSON.parse(new TextDecoder().decode(bytes));
    if (error) child.emit("error", new Error(error));
    else child.emit("exit", code, signal);
  });
  const kill = () => navigator.sendBeacon(`/child/${id}/kill`);
  return Object.assign(child, { pid, stdio, kill });
}

async function listen(id: number, heard: (stream: number, bytes: Uint8Array) => void): Promise<void> {
  const reader = (await fetch(`/child/${id}/events`)).body!.getReader();
  let rest = new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const all = new Uint8Array(rest.length + value.length);
    all.set(rest);
    all.set(value, rest.length);
    rest = all;
    for (let size = sizeOf(rest); rest.length >= HEAD + size; size = sizeOf(rest)) {
      heard(rest[0]!, rest.slice(HEAD, HEAD + size));
      rest = rest.slice(HEAD + size);
    }
  }
}

function sizeOf(frame: Uint8Array): number {
  if (frame.length < HEAD) return Number.POSITIVE_INFINITY;
  return new DataView(frame.buffer, frame.byteOffset).getUint32(1);
}

function execFile(
  file: string,
  args: string[],
  _options: object,
  done: (error: Error | null, output: string) => void,
): void {
  void fetch("/exec", { method: "POST", body: JSON.stringify({ file, args }) })
    .then((response) => response.json())
    .then(({ error, output }) => done(error ? new Error(error) : null, output));
}

// ---------------------------------------------------------------- what a CEP page has

const modules: Record<string, () => unknown> = {
  fs: () => fs,
  child_process: () => ({ spawn, execFile }),
  process: () => ask("/process", null),
  os: () => ask("/os", null),
};

Object.assign(window, {
  cepNode: {
    require: (name: string) => {
      const made = modules[name];
      if (!made) throw new Error(`Cannot find module '${name}'`);
      return made();
    },
  },
  adobeCep: {
    evalScript: (script: string, callback?: (result: string) => void) => {
      void fetch("/script", { method: "POST", body: script })
        .then((response) => response.text())
        .then((result) => callback?.(result));
    },
    getSystemPath: (name: string) => ask("/path", name),
  },
});
