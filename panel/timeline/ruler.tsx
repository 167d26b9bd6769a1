/** Frame numbers over the strip, as many as there is room for. */

/** At most this many labels fit at the narrowest width that is usable. */
const MAX_LABELS = 8;

const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2500, 5000, 10000, 25000];

export function Ruler({ frameCount }: { frameCount: number }) {
  const step = STEPS.find((each) => frameCount / each <= MAX_LABELS) ?? 50_000;
  const marks = Array.from({ length: Math.ceil(frameCount / step) }, (_, index) => index * step);
  return (
    <div class="ruler">
      {marks.map((frame) => (
        <span key={frame} class="mark" style={{ left: `${(frame / frameCount) * 100}%` }}>
          {frame + 1}
        </span>
      ))}
    </div>
  );
}
