/** The mask path of this frame over the picture, as a host would draw and show it. */
import { pathAt } from "../../worker/matte/path-at.ts";
import { svgPathData } from "../../worker/matte/path-export.ts";
import { usePanel } from "../panel-context.ts";

/** Screen pixels of a vertex's square. */
const VERTEX = 5;

export function MaskPathOverlay() {
  const { maskPaths, session, viewer } = usePanel();
  const document = maskPaths.shown.value ? maskPaths.document : null;
  if (!document) return null;
  const frame = maskPaths.numberOf(session.state.frame.value);
  const { scale, x, y } = viewer.view.value;
  const size = VERTEX / scale;
  return (
    <svg class="mask-path" aria-hidden="true">
      <g transform={`translate(${x} ${y}) scale(${scale})`}>
        {document.tracks.map((track, index) => {
          const path = pathAt(track, frame);
          if (!path) return null;
          const keyed = track.keys.some(({ frameIndex }) => frameIndex === frame);
          return (
            <g key={index} class={`mask-path-${track.mode} ${keyed ? "mask-path-keyed" : ""}`}>
              <path d={svgPathData(path)} />
              {path.map((vertex, number) => (
                <rect
                  key={number}
                  x={vertex.x - size / 2}
                  y={vertex.y - size / 2}
                  width={size}
                  height={size}
                />
              ))}
            </g>
          );
        })}
      </g>
    </svg>
  );
}
