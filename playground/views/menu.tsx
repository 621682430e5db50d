/** A button that opens a menu. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

/** What can be chosen. */
export interface MenuItem {
  text: string;
  isDanger?: boolean;
  onChoose(): void;
}

interface MenuProps {
  /** The class of the button. */
  kind: "icon-button" | "row-menu" | "tool";
  /** The button's name where its children are an icon alone. */
  label?: string;
  children: ComponentChildren;
  isDisabled?: boolean;
  /** Below the button, and not below the bar. */
  isNear?: boolean;
  /** Asked for while the menu is open. */
  items(): MenuItem[];
  note?: string | null;
}

/**
 * The browser shows it on top of all else, closes it on Escape and on a click elsewhere, and gives the focus back. The
 * arrows, Home and End move in it; Tab leaves it.
 */
export function Menu({ kind, label, children, isDisabled, isNear, items, note }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const popover = useRef<HTMLDivElement>(null);
  /** Where the focus goes once it is open: 0 is the first item, -1 the last. */
  const start = useRef(0);
  const id = useId();
  const buttons = () => [...popover.current!.querySelectorAll("button")];
  const focusStart = () => {
    buttons().at(start.current)?.focus();
    start.current = 0;
  };
  useLayoutEffect(() => {
    if (isOpen) focusStart();
  }, [isOpen]);
  return (
    <>
      <button
        type="button"
        class={kind}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        disabled={isDisabled}
        popovertarget={id}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          start.current = event.key === "ArrowDown" ? 0 : -1;
          event.currentTarget.click();
        }}
      >
        {children}
      </button>
      <div
        class={isNear ? "menu near" : "menu"}
        id={id}
        ref={popover}
        popover="auto"
        onToggle={({ newState }) => {
          // One that is closed and opened again within a moment has a single event.
          if (isOpen && newState === "open") focusStart();
          setOpen(newState === "open");
        }}
        onKeyDown={(event) => {
          if (event.key === "Tab") return popover.current!.hidePopover();
          const all = buttons();
          const now = all.indexOf(document.activeElement as HTMLButtonElement);
          const next = { ArrowDown: (now + 1) % all.length, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
          if (next === undefined) return;
          event.preventDefault();
          all.at(next)!.focus();
        }}
      >
        {isOpen && (
          <div role="menu" aria-label={label}>
            {items().map(({ text, isDanger, onChoose }, index) => (
              <button
                key={index}
                type="button"
                role="menuitem"
                tabIndex={-1}
                class={isDanger ? "danger" : undefined}
                onClick={() => {
                  // A dialog that is opened gives the focus back to the button.
                  popover.current!.hidePopover();
                  onChoose();
                }}
              >
                {text}
              </button>
            ))}
          </div>
        )}
        {isOpen && note && <p class="hint menu-note">{note}</p>}
      </div>
    </>
  );
}
