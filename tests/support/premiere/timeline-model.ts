/** A Premiere project as plain data: what the fake host changes and what tests compare. */

interface ModelKey {
  time: bigint;
  value: unknown;
  /** 0 linear, 4 hold, 5 bezier. */
  mode: number;
}

export interface ModelParam {
  name: string;
  value: unknown;
  timeVarying: boolean;
  keys: ModelKey[];
}

export interface ModelComponent {
  matchName: string;
  params: ModelParam[];
}

export interface ModelTrackItem {
  uid: number;
  /** Null for items without a project item. */
  itemId: string | null;
  name: string;
  start: bigint;
  end: bigint;
  inPoint: bigint;
  outPoint: bigint;
  speed: number;
  reversed: boolean;
  disabled: boolean;
  adjustment: boolean;
  components: ModelComponent[];
}

export interface ModelTrack {
  id: number;
  name: string;
  muted: boolean;
  items: ModelTrackItem[];
}

export interface ModelProjectItem {
  id: string;
  name: string;
  kind: "clip" | "sequence" | "bin";
  binId: string | null;
  mediaPath: string;
  offline: boolean;
  multicam: boolean;
  width: number;
  height: number;
  frameRate: number;
  pixelAspect: number;
  /** Ticks of media at its frame rate; for stills worked out from their number. */
  duration: bigint;
  stills: number | null;
  scaledToFrame: boolean;
  inPoint: bigint | null;
  outPoint: bigint | null;
}

interface ModelMarker {
  name: string;
  time: bigint;
  duration: bigint;
  comments: string;
}

export interface ProjectModel {
  tracks: ModelTrack[];
  items: ModelProjectItem[];
  markers: ModelMarker[];
}

export const TICKS = 254_016_000_000n;

export const intrinsicComponents = (): ModelComponent[] => [
  {
    matchName: "AE.ADBE Opacity",
    params: [
      { name: "Opacity", value: 100, timeVarying: false, keys: [] },
      { name: "Blend Mode", value: 0, timeVarying: false, keys: [] },
    ],
  },
  {
    matchName: "AE.ADBE Motion",
    params: [
      { name: "Position", value: { x: 0.5, y: 0.5 }, timeVarying: false, keys: [] },
      { name: "Scale", value: 100, timeVarying: false, keys: [] },
      { name: "Scale Width", value: 100, timeVarying: false, keys: [] },
      { name: "Uniform Scale", value: true, timeVarying: false, keys: [] },
      { name: "Rotation", value: 0, timeVarying: false, keys: [] },
    ],
  },
];

export const trackMatteKey = (): ModelComponent => ({
  matchName: "AE.ADBE Legacy Key Track Matte",
  params: [
    { name: "Matte:", value: 0, timeVarying: false, keys: [] },
    { name: "Composite Using:", value: 0, timeVarying: false, keys: [] },
    { name: "Reverse", value: false, timeVarying: false, keys: [] },
  ],
});

/** What a track shows at a time; the last item that covers it. */
export function itemAt(track: ModelTrack, time: bigint): ModelTrackItem | undefined {
  return track.items.find((item) => item.start <= time && time < item.end);
}

/** Clears a range as overwriting does: items in it go, items across its ends are trimmed. */
export function overwriteRange(track: ModelTrack, start: bigint, end: bigint): void {
  track.items = track.items.flatMap((item) => {
    if (item.end <= start || item.start >= end) return [item];
    const left = item.start < start ? [{ ...item, end: start }] : [];
    const right = item.end > end ? [{ ...item, start: end, inPoint: item.inPoint + (end - item.start) }] : [];
    return [...left, ...right];
  });
}
