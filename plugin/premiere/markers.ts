/** Sequence markers where Masklet is unsure; runs in the UXP script context. */
import type { Action, Marker, Markers, Sequence } from "@adobe/premierepro";
import type { PlanMarker } from "../edit-plan.ts";
import { parseTicks } from "../timecode.ts";
import type { PremiereApi } from "./host-environment.ts";
import { tickTime } from "./sequence.ts";
import { signatureIn, signedName } from "./signature.ts";

/** Awaited before the lock. */
export async function readMarkers(premiere: PremiereApi, sequence: Sequence): Promise<Markers> {
  return premiere.Markers.getMarkers(sequence);
}

/** Replaces the markers of an earlier run by those of the plan. To be created inside the lock. */
export function markerActions(
  premiere: PremiereApi,
  markers: Markers,
  planned: readonly PlanMarker[],
  signature: string,
): Action[] {
  const earlier = markers.getMarkers().filter((marker) => isOwn(marker, signature));
  return [
    ...earlier.map((marker) => markers.createRemoveMarkerAction(marker)),
    ...planned.map(({ name, time, duration, comment }) =>
      markers.createAddMarkerAction(
        name,
        premiere.Marker.MARKER_TYPE_COMMENT,
        tickTime(premiere, parseTicks(time)),
        tickTime(premiere, parseTicks(duration)),
        signedName(comment, signature),
      ),
    ),
  ];
}

function isOwn(marker: Marker, signature: string): boolean {
  return signatureIn(marker.getComments()) === signature;
}
