/** What to write, how, and where to. */
import { useSignal } from "@preact/signals";
import type { MatteFormat } from "../../worker/protocol.ts";
import { usePanel } from "../panel-context.ts";
import { visibleObjects } from "../session/document.ts";
import type { ExportChoice } from "../session/exporting.ts";
import { openClipOf } from "../session/session-state.ts";
import { trainingRecord } from "../session/training-record.ts";
import { Progress, Segments } from "../ui/controls.tsx";
import { Modal } from "../ui/dialog.tsx";
import { duration } from "../ui/format.ts";
import { Icon } from "../ui/icon.tsx";

const FORMATS: readonly { value: MatteFormat; label: string; note: string; files: "one" | "many" }[] = [
  {
    value: "png",
    label: "PNG sequence",
    note: "8-bit, one file a frame; what editors import as a matte.",
    files: "many",
  },
  {
    value: "png16",
    label: "PNG sequence, 16-bit",
    note: "For soft edges that are graded further.",
    files: "many",
  },
  {
    value: "prores4444",
    label: "ProRes 4444",
    note: "One .mov with alpha, where this browser can write it.",
    files: "one",
  },
  {
    value: "prores422hq",
    label: "ProRes 422 HQ",
    note: "One .mov, the matte as its luma, where this browser can write it; no cut-outs.",
    files: "one",
  },
  { value: "h264", label: "H.264", note: "A small .mp4 to look at; not for compositing.", files: "one" },
  { value: "vp9-alpha", label: "VP9 with alpha", note: "A .webm for the web.", files: "one" },
  { value: "rle", label: "Masks as JSON", note: "COCO run lengths, exact, for programs.", files: "one" },
];

export function ExportDialog() {
  const { session } = usePanel();
  const { exporting } = session.state;
  return <Modal title="Export">{exporting.value.phase === "writing" ? <Writing /> : <Choices />}</Modal>;
}

function Choices() {
  const { session, surroundings } = usePanel();
  const choice = useSignal<ExportChoice>({
    format: "png",
    content: "matte",
    grouping: "merged",
    range: "clip",
    alpha: "straight",
    levels: "limited",
    edge: "treated",
    visibility: "followed",
  });
  const clip = openClipOf(session.state);
  const { exporting, document } = session.state;
  const set = (change: Partial<ExportChoice>) => {
    choice.value = { ...choice.value, ...change };
  };
  const format = FORMATS.find(({ value }) => value === choice.value.format)!;
  const tracked = document.value.objects.some((object) => object.records.size > 0);
  const missing = clip ? framesWithoutMask(document.value, choice.value, clip.frameCount) : 0;
  const start = async () => {
    if (!clip) return;
    // One file for each object: browsers ask before several downloads, and a folder keeps them together.
    const several = choice.value.grouping === "per-object" && visibleObjects(document.value).length > 1;
    const sink = await surroundings.chooseSink(baseName(clip.name), several ? "many" : format.files);
    if (sink) await session.exporting.run(choice.value, sink);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      {exporting.value.phase === "done" && (
        <p class="done" role="status">
          <Icon name="check" /> {exporting.value.where}
        </p>
      )}
      <label class="field">
        <span>Format</span>
        <select
          value={choice.value.format}
          onChange={(event) => set({ format: event.currentTarget.value as MatteFormat })}
        >
          {FORMATS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <small>{format.note}</small>
      </label>
      <div class="field-row">
        <span aria-hidden="true">Content</span>
        <Segments
          label="Content"
          value={choice.value.content}
          options={[
            { value: "matte", label: "Matte", title: "White on black" },
            { value: "cutout", label: "Cut-out", title: "The picture, with the matte as alpha" },
          ]}
          onChange={(content) => set({ content })}
        />
      </div>
      {choice.value.content === "cutout" && (
        <div class="field-row">
          <span aria-hidden="true">Alpha</span>
          <Segments
            label="Alpha"
            value={choice.value.alpha}
            options={[
              { value: "straight", label: "Straight", title: "Colours as they are in the clip" },
              {
                value: "premultiplied",
                label: "Premultiplied",
                title: "Colours weighted by alpha, on black",
              },
            ]}
            onChange={(alpha) => set({ alpha })}
          />
        </div>
      )}
      {choice.value.format === "h264" && (
        <div class="field-row">
          <span aria-hidden="true">Levels</span>
          <Segments
            label="Levels"
            value={choice.value.levels}
            options={[
              { value: "limited", label: "Limited", title: "16 to 235, which every player expects" },
              { value: "full", label: "Full", title: "0 to 255, for programs that read the file's tags" },
            ]}
            onChange={(levels) => set({ levels })}
          />
        </div>
      )}
      <div class="field-row">
        <span aria-hidden="true">Objects</span>
        <Segments
          label="Objects"
          value={choice.value.grouping}
          options={[
            {
              value: "merged",
              label: "Merged",
              title: "All shown objects in one, added and subtracted in order",
            },
            { value: "per-object", label: "One each", title: "A folder or file for every shown object" },
          ]}
          onChange={(grouping) => set({ grouping })}
        />
      </div>
      {choice.value.format !== "rle" && (
        <div class="field-row">
          <span aria-hidden="true">Edge</span>
          <Segments
            label="Edge"
            value={choice.value.edge}
            options={[
              { value: "treated", label: "Treated", title: "As the matte section says" },
              { value: "exact", label: "Exact mask", title: "The model's mask, pixel by pixel, hard" },
            ]}
            onChange={(edge) => set({ edge })}
          />
        </div>
      )}
      <div class="field-row">
        <span aria-hidden="true">Hidden frames</span>
        <Segments
          label="Hidden frames"
          value={choice.value.visibility}
          options={[
            { value: "followed", label: "Empty", title: "Nothing goes out where the timeline says hidden" },
            { value: "masks", label: "As tracked", title: "Every mask goes out as the model gave it" },
          ]}
          onChange={(visibility) => set({ visibility })}
        />
      </div>
      <div class="field-row">
        <span aria-hidden="true">Range</span>
        <Segments
          label="Range"
          value={choice.value.range}
          options={[
            { value: "clip", label: "Whole clip" },
            {
              value: "in-out",
              label: `In to out (${document.value.inFrame + 1}–${document.value.outFrame + 1})`,
            },
          ]}
          onChange={(range) => set({ range })}
        />
      </div>
      {missing > 0 && tracked && (
        <p class="hint hint-warning">
          <Icon name="warning" /> {missing} {missing === 1 ? "frame" : "frames"} of this range have no mask
          yet and will be empty.
        </p>
      )}
      {!tracked && (
        <p class="hint hint-warning">
          <Icon name="warning" /> There is no mask yet: click an object and track it first.
        </p>
      )}
      <div class="form-main">
        <button type="submit" class="button button-primary" disabled={!tracked}>
          <Icon name="export" /> Export
        </button>
      </div>
      <SessionFile />
    </form>
  );
}

function framesWithoutMask(
  document: {
    inFrame: number;
    outFrame: number;
    objects: readonly { records: ReadonlyMap<number, unknown> }[];
  },
  choice: ExportChoice,
  frameCount: number,
): number {
  const [from, to] = choice.range === "clip" ? [0, frameCount - 1] : [document.inFrame, document.outFrame];
  let missing = 0;
  for (let frame = from; frame <= to; frame++)
    if (!document.objects.some((object) => object.records.has(frame))) missing++;
  return missing;
}

function Writing() {
  const { session } = usePanel();
  const { exporting } = session.state;
  if (exporting.value.phase !== "writing") return null;
  const { doneFrames, totalFrames, secondsLeft } = exporting.value;
  return (
    <div class="form">
      <p>
        Frame {doneFrames} of {totalFrames}
        {secondsLeft !== null && `, ${duration(secondsLeft)} left`}
      </p>
      <Progress share={doneFrames / Math.max(1, totalFrames)} label="Export" />
      <div class="form-end">
        <button type="button" class="button" onClick={() => session.exporting.cancel()}>
          Cancel
        </button>
      </div>
    </div>
  );
}

/** The whole session as one file, for another machine or for keeping. */
function SessionFile() {
  const panel = usePanel();
  const { session, surroundings } = panel;
  const save = async () => {
    const bytes = await session.exportSession();
    const clip = openClipOf(session.state);
    if (bytes && clip)
      await surroundings.saveFile(new Blob([bytes as BlobPart]), `${baseName(clip.name)}.masklet`);
  };
  const saveForTraining = async () => {
    const { model, document } = session.state;
    const clip = openClipOf(session.state);
    if (!clip || model.value.phase !== "ready") return;
    const record = trainingRecord(document.value, clip, model.value.id, new Date());
    if (record) await surroundings.saveFile(new Blob([record]), `${baseName(clip.name)}.track.json`);
  };
  return (
    <fieldset class="session-file">
      <legend>The whole session</legend>
      <button type="button" class="button" onClick={() => void save()}>
        Save session …
      </button>
      <button
        type="button"
        class="button"
        title="Prompts and masks for “masklet dataset export”, to train a model of your own. Stays on this machine."
        onClick={() => void saveForTraining()}
      >
        Save for training …
      </button>
      <button
        type="button"
        class="button"
        onClick={() => void panel.chooseFiles(".masklet", false).then(panel.openFiles)}
      >
        Load …
      </button>
    </fieldset>
  );
}

const baseName = (name: string) => name.replace(/\.[^.]+$/, "") || "matte";
