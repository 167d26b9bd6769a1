/** Runs in the tracking worker, before all else: what After Effects' panels (Chromium 99) lack and we use. */

/** As of Chromium 100. */
function throwIfAborted(this: AbortSignal): void {
  if (this.aborted) throw this.reason;
}

AbortSignal.prototype.throwIfAborted ??= throwIfAborted;
