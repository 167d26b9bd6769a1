/** What the panel says while its host does not answer. */
import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { silenceTeller } from "../../panel/host/host-silence.ts";
import type { Notice } from "../../panel/session/session-state.ts";

test("a silent host is said, and no longer once it is heard again", () => {
  const notice = signal<Notice | null>(null);
  const tell = silenceTeller(notice);
  tell(true);
  expect(notice.value).toMatchObject({
    tone: "warning",
    message: expect.stringContaining("does not answer"),
  });
  tell(false);
  expect(notice.value).toBe(null);
});

test("a later notice stays when the host is heard again", () => {
  const notice = signal<Notice | null>(null);
  const tell = silenceTeller(notice);
  tell(true);
  const later: Notice = { tone: "error", message: "The disk is full.", remedy: "" };
  notice.value = later;
  tell(false);
  expect(notice.value).toBe(later);
});
