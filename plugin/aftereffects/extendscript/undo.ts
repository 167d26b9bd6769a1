/** Runs in ExtendScript: one undo step, no dialogues, no lock; put back whatever happens. */
export function inOneUndoStep<T>(label: string, work: () => T): T {
  app.beginUndoGroup(label);
  try {
    return work();
  } finally {
    app.endUndoGroup();
  }
}

/** Questions that After Effects would ask (how to interpret alpha, say) are answered by what we set afterwards. */
export function withoutDialogs<T>(work: () => T): T {
  app.beginSuppressDialogs();
  try {
    return work();
  } finally {
    app.endSuppressDialogs(false);
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
