/** Joins the page and the tracking worker: the only file of the panel that knows comlink. */
import { proxy, type Remote, transfer, wrap } from "comlink";
import type { TrackerApi } from "../worker/protocol.ts";

/** Callbacks cross as proxies; everything else is plain data. */
export function connectTracker(worker: Worker): TrackerApi {
  const remote: Remote<TrackerApi> = wrap<TrackerApi>(worker);
  return {
    environment: () => remote.environment(),
    listModels: () => remote.listModels(),
    loadModel: (request, onProgress) => remote.loadModel(request, proxy(onProgress)),
    deleteModel: (id) => remote.deleteModel(id),
    openClip: (source) =>
      remote.openClip(source.kind === "ranges" ? transfer(source, [source.port]) : source),
    closeClip: (clipId) => remote.closeClip(clipId),
    readFrame: (clipId, frameIndex, maxWidth) => remote.readFrame(clipId, frameIndex, maxWidth),
    warmFrame: (clipId, frameIndex) => remote.warmFrame(clipId, frameIndex),
    setPrompts: (clipId, objectId, frameIndex, prompts) =>
      remote.setPrompts(clipId, objectId, frameIndex, prompts),
    previewClick: (clipId, objectId, frameIndex, point, current) =>
      remote.previewClick(clipId, objectId, frameIndex, point, current),
    removeObject: (clipId, objectId) => remote.removeObject(clipId, objectId),
    affectedStretch: (clipId, objectId, frameIndex) => remote.affectedStretch(clipId, objectId, frameIndex),
    track: (clipId, request, onProgress) => remote.track(clipId, request, proxy(onProgress)),
    stop: () => remote.stop(),
    keepState: (clipId) => remote.keepState(clipId),
    returnToState: (clipId, stateId) => remote.returnToState(clipId, stateId),
    forgetState: (stateId) => remote.forgetState(stateId),
    exportState: (clipId, stateId) => remote.exportState(clipId, stateId),
    importState: (clipId, state) => remote.importState(clipId, state),
    exportStateParts: (clipId, stateId, known, onPart) =>
      remote.exportStateParts(clipId, stateId, known, proxy(onPart)),
    importStateParts: (clipId, state, readPart) => remote.importStateParts(clipId, state, proxy(readPart)),
    exportMatte: (clipId, request, onFile, onProgress) =>
      remote.exportMatte(clipId, request, proxy(onFile), proxy(onProgress)),
  };
}
