/** What a page finds in the webview it runs in. Runs in the page, also outside of Premiere. */

/** One line of the report. `finding` null: it couldn't be found out, and `detail` says why. */
export interface CheckLine {
  name: string;
  finding: boolean | number | string | null;
  unit: string;
  detail: string;
}

type Answer = Pick<CheckLine, "finding" | "detail">;

const CHECKS: [name: string, check: () => Promise<Answer> | Answer][] = [
  ["Page origin", () => ({ finding: location.origin, detail: location.protocol })],
  ["Secure context", () => ({ finding: isSecureContext, detail: "Needed for WebGPU and storage." })],
  [
    "Cross-origin isolated",
    () => ({ finding: crossOriginIsolated, detail: "Needed for threads in WebAssembly." }),
  ],
  ["WebGPU in the page", () => webGpu(navigator)],
  ["Worker from a blob", () => inWorker("() => 'yes'")],
  [
    "WebGPU in a worker",
    () => inWorker(`async () => String(Boolean(await navigator.gpu?.requestAdapter()))`),
  ],
  ["WebAssembly", () => webAssembly(PLAIN_MODULE)],
  ["WebAssembly SIMD", () => webAssembly(SIMD_MODULE)],
  ["Shared memory", () => sharedMemory()],
  ["IndexedDB", () => indexedDatabase()],
  ["Private file system", () => privateFiles()],
  ["Decoding H.264", () => decodes("avc1.640028")],
  ["Decoding HEVC", () => decodes("hvc1.1.6.L120.90")],
  ["createImageBitmap", () => imageBitmap()],
  ["Drawing off screen", () => offscreen()],
  [
    "Engine",
    () => ({ finding: navigator.userAgent, detail: `${navigator.hardwareConcurrency} logical cores` }),
  ],
];

export async function checkPage(): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const [name, check] of CHECKS) lines.push({ name, unit: "", ...(await answer(check)) });
  return lines;
}

async function answer(check: () => Promise<Answer> | Answer): Promise<Answer> {
  try {
    return await check();
  } catch (error) {
    return { finding: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function webGpu({ gpu }: Navigator): Promise<Answer> {
  if (!gpu) return { finding: false, detail: "navigator.gpu is missing." };
  const adapter = await gpu.requestAdapter();
  return {
    finding: adapter !== null,
    detail: adapter ? adapter.info.description || adapter.info.vendor : "no adapter",
  };
}

/** Runs a function's text in a worker made of a blob; an answer within five seconds. */
async function inWorker(source: string): Promise<Answer> {
  const code = `(${source.includes("async") ? source : `async ${source}`})().then((value) => postMessage(value), (error) => postMessage("error: " + error))`;
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(address);
  try {
    const value = await new Promise<string>((resolve, reject) => {
      worker.onmessage = (event) => resolve(String(event.data));
      worker.onerror = (event) => reject(new Error(event.message || "the worker didn't start"));
      setTimeout(() => reject(new Error("no answer within 5 s")), 5000);
    });
    return { finding: value === "yes" || value === "true", detail: value };
  } finally {
    worker.terminate();
    URL.revokeObjectURL(address);
  }
}

/** The smallest module there is: magic number and version. */
const PLAIN_MODULE = [0, 97, 115, 109, 1, 0, 0, 0];
/** A function that makes a 128-bit vector: i32.const 0, i8x16.splat, drop. */
const SIMD_MODULE = [...PLAIN_MODULE, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];

function webAssembly(bytes: number[]): Answer {
  return { finding: WebAssembly.validate(new Uint8Array(bytes)), detail: "validated" };
}

function sharedMemory(): Answer {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return {
    finding: memory.buffer.constructor.name === "SharedArrayBuffer",
    detail: memory.buffer.constructor.name,
  };
}

async function indexedDatabase(): Promise<Answer> {
  await new Promise((resolve, reject) => {
    const request = indexedDB.open("masklet-check");
    request.onsuccess = () => {
      request.result.close();
      resolve(null);
    };
    request.onerror = () => reject(request.error);
  });
  indexedDB.deleteDatabase("masklet-check");
  return { finding: true, detail: "opened" };
}

async function privateFiles(): Promise<Answer> {
  const folder = await navigator.storage.getDirectory();
  await folder.getFileHandle("masklet-check", { create: true });
  await folder.removeEntry("masklet-check");
  const { quota = 0 } = await navigator.storage.estimate();
  return { finding: true, detail: `room for ${Math.round(quota / 1e6)} MB` };
}

async function decodes(codec: string): Promise<Answer> {
  const { supported } = await VideoDecoder.isConfigSupported({ codec, codedWidth: 1920, codedHeight: 1080 });
  return { finding: supported === true, detail: codec };
}

async function imageBitmap(): Promise<Answer> {
  const bitmap = await createImageBitmap(new ImageData(2, 2));
  const { width } = bitmap;
  bitmap.close();
  return { finding: width === 2, detail: "from pixels" };
}

function offscreen(): Answer {
  const context = new OffscreenCanvas(2, 2).getContext("2d");
  return { finding: context?.getImageData(0, 0, 2, 2).data.length === 16, detail: "OffscreenCanvas" };
}
