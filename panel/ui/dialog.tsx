/** A modal dialogue on the browser's own element: focus trap, Escape and inert page come with it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { usePanel } from "../panel-context.ts";
import { IconButton } from "./controls.tsx";
import { NoticeBar } from "./notice.tsx";

export function Modal({
  title,
  wide,
  children,
}: {
  title: string;
  wide?: boolean;
  children: ComponentChildren;
}) {
  const { dialog } = usePanel();
  const element = useRef<HTMLDialogElement>(null);
  const close = () => {
    dialog.value = null;
  };
  /** The browser closes it at once but says so later; a key pressed in between would find it open, or be undone. */
  const cancel = (event: Event) => {
    event.preventDefault();
    close();
  };
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    element.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      tabIndex={-1}
      class={`modal ${wide ? "modal-wide" : ""}`}
      aria-label={title}
      onCancel={cancel}
      onClose={close}
    >
      <header class="modal-head">
        <h2>{title}</h2>
        <IconButton icon="close" label="Close" keys="Esc" onClick={close} />
      </header>
      <NoticeBar />
      <div class="modal-body">{children}</div>
    </dialog>
  );
}
