/** Which model runs, where it runs, and why; downloads and own checkpoints. */
import type { ModelListing } from "../../worker/protocol.ts";
import { usePanel } from "../panel-context.ts";
import { computesInHalf, speedKey, speedsOf } from "../session/speed-options.ts";
import { Progress } from "../ui/controls.tsx";
import { Modal } from "../ui/dialog.tsx";
import { bytes, loading, loadShare } from "../ui/format.ts";
import { Icon } from "../ui/icon.tsx";

const BACKENDS = { webgpu: "WebGPU", wasm: "WebAssembly", native: "Native" } as const;

export function ModelDialog() {
  const panel = usePanel();
  const { session } = panel;
  const { models, model } = session.state;
  const chooseOwn = async () => {
    const files = await panel.chooseFiles(".pt,.safetensors,.yaml,.yml", true);
    const checkpoint = files.find((file) => /\.(pt|safetensors)$/i.test(file.name));
    const config = files.find((file) => /\.ya?ml$/i.test(file.name));
    if (!checkpoint) return;
    const configYaml = await config?.text();
    const source = {
      kind: "file" as const,
      checkpoint,
      name: checkpoint.name,
      ...(configYaml ? { configYaml } : {}),
    };
    await session.models.load(source);
  };
  return (
    <Modal title="Model" wide>
      <Where />
      <ul class="model-list">
        {models.value.map((listing) => (
          <ModelRow key={listing.id} listing={listing} />
        ))}
      </ul>
      <Speed />
      <div class="form-end">
        <p class="hint">
          Larger models draw finer edges and take longer. Nothing is downloaded unless you ask for it.
        </p>
        <button
          type="button"
          class="button"
          disabled={model.value.phase === "loading"}
          onClick={() => void chooseOwn()}
        >
          <Icon name="folder" /> Own checkpoint …
        </button>
      </div>
    </Modal>
  );
}

/** The backends, best first, each with its reason. */
function Where() {
  const { session } = usePanel();
  const { environment, model } = session.state;
  const running = model.value.phase === "ready" ? model.value.model.backend : null;
  if (!environment.value) return null;
  const { backends, advice } = environment.value;
  return (
    <div class="where">
      {backends.map(({ backend, available, reason }) => (
        <div key={backend} class={`where-row ${backend === running ? "where-running" : ""}`}>
          <Icon name={backend === running ? "check" : available ? "chip" : "minus"} />
          <strong>{BACKENDS[backend]}</strong>
          <span>{backend === running ? `runs here${reason ? `: ${reason}` : ""}` : reason}</span>
        </div>
      ))}
      {advice && <p class="hint">{advice}</p>}
    </div>
  );
}

/** Named options that trade exactness for time, with what was measured here. */
function Speed() {
  const { session } = usePanel();
  const { environment, model, models, speed, speeds } = session.state;
  const state = model.value;
  if (state.phase !== "ready") return null;
  const listing = models.value.find(({ id }) => id === state.id);
  const offered = speedsOf(listing, computesInHalf(environment.value, state.model.backend));
  const chosen = offered.some(({ name }) => name === speed.value) ? speed.value : "exact";
  return (
    <fieldset class="speed">
      <legend>Speed of {listing?.title ?? state.id}</legend>
      {offered.map(({ name, label, cost, ofOperations }) => {
        const measured = speeds.value[speedKey(state.id, state.model.backend, name)];
        return (
          <label key={name} class="speed-row">
            <input
              type="radio"
              name="speed"
              checked={name === chosen}
              onChange={() => void session.models.useSpeed(name)}
            />
            <span>
              <strong>{label}</strong> {cost}
              <span class="quiet">
                {ofOperations < 1 && ` About ${Math.round(ofOperations * 100)} % of the operations.`}{" "}
                {measured === undefined
                  ? "Not measured here yet: track a few frames."
                  : `${Math.round(measured)} ms a frame here.`}
              </span>
            </span>
          </label>
        );
      })}
      <p class="hint">
        Operations are counted for SAM 2.1 Tiny. How much a faster option loses in accuracy is not measured:
        look at the edges. Another input size answers your prompts anew, and what was tracked is shown as out
        of date.
      </p>
    </fieldset>
  );
}

function ModelRow({ listing }: { listing: ModelListing }) {
  const { session } = usePanel();
  const { model, speeds } = session.state;
  const state = model.value;
  const loadingThis = state.phase === "loading" && state.id === listing.id;
  const active = state.phase === "ready" && state.id === listing.id;
  const backend = state.phase === "ready" ? state.model.backend : "wasm";
  const measured = speeds.value[speedKey(listing.id, backend, "exact")];
  const load = () => void session.models.load({ kind: "listed", id: listing.id });
  return (
    <li class={`model ${active ? "model-active" : ""}`}>
      <div class="model-text">
        <strong>{listing.title}</strong>
        <span class="quiet">
          {bytes(listing.bytes)} · {listing.inputSize} px · {listing.licence}
          {measured !== undefined && ` · ${Math.round(measured)} ms a frame here`}
        </span>
        {loadingThis && state.phase === "loading" && (
          <>
            <Progress share={loadShare(state.progress)} label={`Loading ${listing.title}`} />
            <span class="quiet">{loading(state.progress)}</span>
          </>
        )}
      </div>
      {loadingThis && (
        <button type="button" class="button" onClick={() => void session.models.cancel()}>
          Stop
        </button>
      )}
      {active && <span class="badge">in use</span>}
      {!loadingThis && !active && (
        <button type="button" class="button" disabled={state.phase === "loading"} onClick={load}>
          {listing.state === "remote" && <Icon name="download" />}
          {listing.state === "remote" ? "Download" : "Use"}
        </button>
      )}
      {listing.state === "stored" && !active && (
        <button
          type="button"
          class="icon-button"
          aria-label={`Delete ${listing.title} from this machine`}
          title="Delete from this machine"
          onClick={() => void session.models.remove(listing.id)}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
}
