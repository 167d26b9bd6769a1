/** The mask path before it is written: how many keys and vertices, how far off at worst, faithful or sparse. */
import type { ComponentChildren } from "preact";
import {
  afterEffectsScript,
  pathsToAfterEffects,
  pathsToJson,
  pathsToSvg,
} from "../../worker/matte/path-export.ts";
import type { PathsDocument } from "../../worker/matte/path-types.ts";
import { type Panel, usePanel } from "../panel-context.ts";
import type { SessionDocument } from "../session/document.ts";
import { openClipOf } from "../session/session-state.ts";
import { IconButton, Progress, Section } from "../ui/controls.tsx";
import { duration } from "../ui/format.ts";

/** Places between faithful and sparse. */
const STEP = 0.25;
const NAMES: Record<number, string> = {
  0: "most faithful",
  0.25: "faithful",
  0.5: "even",
  0.75: "sparse",
  1: "sparsest",
};

export function MaskPathPanel() {
  const { session, maskPaths } = usePanel();
  if (!isTracked(session.state.document.value)) return null;
  const show = (
    <IconButton
      icon={maskPaths.shown.value ? "eye" : "eyeOff"}
      label="Show the mask path over the picture"
      pressed={maskPaths.shown.value}
      onClick={() => {
        maskPaths.shown.value = !maskPaths.shown.value;
      }}
    />
  );
  const isFound = maskPaths.document && !maskPaths.tracing.value;
  return (
    <Section title="Mask path" aside={show} closed>
      <PathChoice />
      {isFound &&
        (maskPaths.order ? <p class="hint">{RETIMED}</p> : <Exports document={maskPaths.document} />)}
    </Section>
  );
}

const isTracked = ({ objects }: SessionDocument) => objects.some((object) => object.records.size > 0);

/** Faithful or sparse, and what the path is like then: everything that is to be known before it is written. */
export function PathChoice() {
  const { session, maskPaths } = usePanel();
  if (!isTracked(session.state.document.value)) return <p class="hint">Track an object first.</p>;
  const document = maskPaths.document;
  return (
    <div class="path-choice">
      <Sparsity />
      {maskPaths.tracing.value ? <Tracing /> : document ? <Facts document={document} /> : <Begin />}
    </div>
  );
}

function Sparsity() {
  const { maskPaths } = usePanel();
  const value = maskPaths.sparsity.value;
  return (
    <label class="path-sparsity">
      <span>Faithful</span>
      <input
        type="range"
        aria-label="Mask path, from faithful to sparse"
        aria-valuetext={NAMES[value]}
        min={0}
        max={1}
        step={STEP}
        value={value}
        onInput={(event) => {
          const again = maskPaths.begun;
          maskPaths.sparsity.value = event.currentTarget.valueAsNumber;
          if (again) void maskPaths.trace();
        }}
      />
      <span>Sparse</span>
    </label>
  );
}

function Begin() {
  const { maskPaths } = usePanel();
  return (
    <button type="button" class="button" onClick={() => void maskPaths.trace()}>
      Find the path
    </button>
  );
}

function Tracing() {
  const { maskPaths } = usePanel();
  const { share, secondsLeft } = maskPaths.tracing.value ?? { share: 0, secondsLeft: null };
  return (
    <div class="form">
      <p>
        Finding the path, {Math.round(share * 100)} %
        {secondsLeft !== null && `, ${duration(secondsLeft)} left`}
      </p>
      <Progress share={share} label="Mask path" />
      <button type="button" class="button" onClick={() => void maskPaths.cancel()}>
        Cancel
      </button>
    </div>
  );
}

function Facts({ document: { quality, tracks } }: { document: PathsDocument }) {
  const panel = usePanel();
  const share = Math.round((100 * quality.keyedFrames) / Math.max(1, quality.visibleFrames));
  return (
    <dl class="facts" aria-label="The mask path">
      <Fact name="Masks">{tracks.length}</Fact>
      <Fact name="Keyed frames">
        {quality.keyedFrames} of {quality.visibleFrames} ({share} %)
      </Fact>
      <Fact name="Vertices on a frame">{quality.medianVertices}</Fact>
      <Fact name="Overlap with the matte (IoU)">{quality.meanIou.toFixed(3)}</Fact>
      <Fact name="Worst overlap">
        {quality.worstIou.toFixed(3)}{" "}
        <GoTo panel={panel} frame={panel.maskPaths.clipFrameOf(quality.worstFrame)} />
      </Fact>
      <Fact name="Farthest from its edge">
        {quality.worstDistance.toFixed(1)} px{" "}
        <GoTo panel={panel} frame={panel.maskPaths.clipFrameOf(quality.worstDistanceFrame)} />
      </Fact>
    </dl>
  );
}

const RETIMED =
  "The timeline shows this clip at another speed or rate, and the path follows what it shows: write it to the timeline.";

function Exports({ document }: { document: PathsDocument }) {
  const panel = usePanel();
  return (
    <div class="path-exports">
      <button type="button" class="button" onClick={() => void saveScript(panel, document)}>
        After Effects script …
      </button>
      <button type="button" class="button" onClick={() => void saveSvg(panel, document)}>
        SVG …
      </button>
      <button type="button" class="button" onClick={() => void saveJson(panel, document)}>
        JSON …
      </button>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function GoTo({ panel, frame }: { panel: Panel; frame: number }) {
  return (
    <button
      type="button"
      class="path-frame"
      aria-label={`Go to frame ${frame + 1}`}
      onClick={() => panel.session.goTo(frame)}
    >
      frame {frame + 1}
    </button>
  );
}

const nameOf = ({ session }: Panel) => openClipOf(session.state)?.name.replace(/\.[^.]+$/, "") || "mask";

async function saveScript(panel: Panel, document: PathsDocument): Promise<void> {
  const clip = openClipOf(panel.session.state);
  if (!clip) return;
  const { numerator, denominator } = document.rate;
  const secondsOf = (frame: number) => clip.timestamps[frame] ?? (frame * denominator) / numerator;
  const script = afterEffectsScript(pathsToAfterEffects(document, nameOf(panel), secondsOf));
  await panel.surroundings.saveFile(new Blob([script]), `${nameOf(panel)} mask.jsx`);
}

async function saveJson(panel: Panel, document: PathsDocument): Promise<void> {
  const text = pathsToJson(document, document, document.rate);
  await panel.surroundings.saveFile(new Blob([text]), `${nameOf(panel)} paths.json`);
}

async function saveSvg(panel: Panel, document: PathsDocument): Promise<void> {
  const sink = await panel.surroundings.chooseSink(`${nameOf(panel)} paths`, "many");
  if (!sink) return;
  const { inFrame, outFrame } = panel.session.state.document.value;
  for (let frame = inFrame; frame <= outFrame; frame++) {
    const bytes = new Blob([pathsToSvg(document, frame, document)]);
    await sink.write({ path: `${String(frame).padStart(5, "0")}.svg`, bytes });
  }
  const message = await sink.finish();
  panel.session.state.notice.value = { tone: "info", message, remedy: "" };
}
