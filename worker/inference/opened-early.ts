/** Runs anywhere: loads the runtime while something else is still on its way. */
import { chooseRuntime, type ExecutionProvider } from "./execution-provider.ts";
import type { InferenceRuntime } from "./inference-session.ts";

/**
 * Opens at once what will be chosen where nobody asks for anything else; who asks for that first, gets it. A
 * failure is nobody's until then: the provider is tried again, and says what is wrong.
 */
export function openedEarly(providers: readonly ExecutionProvider[]): ExecutionProvider[] {
  let early: Promise<InferenceRuntime | null> = chooseRuntime(providers).then(
    ({ runtime }) => runtime,
    () => null,
  );
  return providers.map((provider) => ({
    backend: provider.backend,
    probe: () => provider.probe(),
    open: async () => {
      const runtime = await early;
      if (runtime?.backend !== provider.backend) return provider.open();
      early = Promise.resolve(null);
      return runtime;
    },
  }));
}
