/** Runs in Node: the runtime that is loaded before anyone asks for it. */
import { expect, test } from "vitest";
import { chooseRuntime, type ExecutionProvider } from "../../worker/inference/execution-provider.ts";
import type { InferenceRuntime } from "../../worker/inference/inference-session.ts";
import { openedEarly } from "../../worker/inference/opened-early.ts";
import type { Backend } from "../../worker/protocol.ts";

/** Opens the n-th time as the runtime of n threads; fails the first `failures` times. */
function counted(backend: Backend, failures = 0) {
  const opened: number[] = [];
  const provider: ExecutionProvider = {
    backend,
    probe: async () => ({ available: true, threads: 1, reason: "" }),
    open: async () => {
      opened.push(opened.length + 1);
      if (opened.length <= failures) throw new Error("no device");
      return { backend, threads: opened.length } as InferenceRuntime;
    },
  };
  return { provider, opened };
}

test("the best runtime is opened before anyone asks, handed over once, and opened anew after that", async () => {
  const [gpu, processor] = [counted("webgpu"), counted("wasm")];
  const providers = openedEarly([processor.provider, gpu.provider]);
  await new Promise(setImmediate);
  expect([gpu.opened, processor.opened]).toEqual([[1], []]);
  expect((await chooseRuntime(providers)).runtime).toMatchObject({ backend: "webgpu", threads: 1 });
  expect(gpu.opened).toEqual([1]);
  expect((await chooseRuntime(providers)).runtime).toMatchObject({ backend: "webgpu", threads: 2 });
});

test("who wants another one gets that one", async () => {
  const [gpu, processor] = [counted("webgpu"), counted("wasm")];
  const providers = openedEarly([processor.provider, gpu.provider]);
  expect((await chooseRuntime(providers, "wasm")).runtime.backend).toBe("wasm");
});

test("a failure is said to who asks, with the next best instead", async () => {
  const [gpu, processor] = [counted("webgpu", 9), counted("wasm")];
  const providers = openedEarly([processor.provider, gpu.provider]);
  const chosen = await chooseRuntime(providers);
  expect(chosen).toMatchObject({ runtime: { backend: "wasm" }, reason: "webgpu: no device" });
  expect(processor.opened).toEqual([1]);
});
