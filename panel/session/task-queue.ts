/** Runs asynchronous tasks one after another, in the order they came. Pure. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts `task` when all earlier ones have ended, however they ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Settles when everything queued so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
