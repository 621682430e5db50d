/** A window over the page: the browser keeps the focus in it, closes it on Escape, and gives the focus back. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./parts.tsx";

interface ModalProps {
  title: string;
  /** How it looks: a card in the middle, or a drawer from one side. */
  kind?: "card" | "left" | "right";
  onClose(): void;
  children: ComponentChildren;
}

export function Modal({ title, kind = "card", onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current!;
    const opener = document.activeElement;
    shown.showModal();
    shown.addEventListener("close", onClose);
    return () => {
      // Its event would come later, and close the window that follows.
      shown.removeEventListener("close", onClose);
      shown.close();
      // The browser gives the focus back where it can; an element that went away meanwhile has none to take.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`modal ${kind}`}
      aria-labelledby={id}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="modal-inner">
        <header class="modal-head">
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label="Close"
            onClick={onClose}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
