/** Test support, in Node: the tasks of a page's thread, out of Chromium's own trace. */
import type { Browser, CDPSession } from "playwright-core";

export interface Task {
  /** Milliseconds from begin to end, waiting for a processor core included. */
  wall: number;
  /** Milliseconds that the thread really worked. */
  processor: number;
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds. */
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** Begins to trace; what it gives back ends it and answers with the tasks of the busiest page. */
export async function traceTasks(browser: Browser): Promise<() => Promise<Task[]>> {
  const session = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["disabled-by-default-devtools.timeline", "toplevel"] },
  });
  return async () => {
    await endTrace(session);
    return tasksOf(events);
  };
}

async function endTrace(session: CDPSession): Promise<void> {
  const complete = new Promise<void>((resolve) => session.once("Tracing.tracingComplete", () => resolve()));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
}

function tasksOf(events: readonly TraceEvent[]): Task[] {
  const isPage = ({ name, args }: TraceEvent) => name === "thread_name" && args?.name === "CrRendererMain";
  const threads = events
    .filter(isPage)
    .map(({ pid, tid }) =>
      events.filter((event) => event.name === "RunTask" && event.pid === pid && event.tid === tid),
    );
  const busiest = threads.sort((a, b) => b.length - a.length)[0] ?? [];
  return busiest.map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, processor: tdur / 1000 }));
}
