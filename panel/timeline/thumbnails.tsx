/** Small pictures over the strip, fetched while nothing else is asked of the tracker. */
import { useEffect, useRef } from "preact/hooks";
import type { ClipInfo } from "../../worker/protocol.ts";
import { usePanel } from "../panel-context.ts";

const COUNT = 12;
/** Twice the size on screen, for dense displays. */
const WIDTH = 160;
/** Milliseconds between looks whether the tracker is free. */
const PATIENCE = 250;

export function Thumbnails({ clip }: { clip: ClipInfo }) {
  const { session } = usePanel();
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    const free = () => {
      const { tracking, answering, model } = session.state;
      return tracking.value.phase === "idle" && answering.value === 0 && model.value.phase !== "loading";
    };
    const fill = async () => {
      for (const [index, canvas] of [...(strip.current?.querySelectorAll("canvas") ?? [])].entries()) {
        while (!gone && !free()) await new Promise((resolve) => setTimeout(resolve, PATIENCE));
        if (gone) return;
        const frame = Math.floor(((index + 0.5) / COUNT) * clip.frameCount);
        const outcome = await session.tracker.readFrame(clip.clipId, frame, WIDTH);
        if (outcome.ok) draw(canvas, outcome.value);
      }
    };
    void fill();
    return () => {
      gone = true;
    };
  }, [clip.clipId]);
  return (
    <div class="thumbnails" ref={strip} key={clip.clipId}>
      {Array.from({ length: COUNT }, (_, index) => (
        <canvas key={index} width={1} height={1} />
      ))}
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, picture: ImageBitmap): void {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
}
