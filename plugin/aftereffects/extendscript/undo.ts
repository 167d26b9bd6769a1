/** Runs in ExtendScript: one undo step, closed whatever happens. */
export function inOneUndoStep<T>(label: string, work: () => T): T {
  app.beginUndoGroup(label);
  try {
    return work();
  } finally {
    app.endUndoGroup();
  }
}

/** Runs on a locked layer too, and locks it again. */
export function unlocked<T>(layer: AVLayer, work: () => T): T {
  const locked = layer.locked;
  if (locked) layer.locked = false;
  try {
    return work();
  } finally {
    if (locked) layer.locked = true;
  }
}
