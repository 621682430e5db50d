/** The shortcuts of the page: what they do, and the list of them. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { goTo } from "../platform/address.ts";
import { isApple, isTypingIn, type Shortcut, SHORTCUT_KEYS, shortcutOf } from "../platform/keyboard.ts";
import { narrow } from "../platform/media.ts";
import { read, remove, write } from "../platform/storage.ts";
import type { Session } from "../story/session.ts";
import { Modal } from "./controls.tsx";

const STORED = "single_keys";

/** A user who speaks to the computer, or hits keys by accident, turns them off. */
const hasSingleKeys = signal(read(STORED) !== false);

const TEXTS: Record<Shortcut, string> = {
  new: "New story",
  search: "Search",
  edit: "Edit your last message",
  help: "This list",
};

/** Keys that work in a text or a dialog; they are not the page's alone. */
const OTHERS: [keys: string[], text: string][] = [
  [["Enter"], "Send"],
  [["Shift", "Enter"], "New line"],
  [["Esc"], "Stop the answer, close a dialog, end an edit"],
];

/** Listens as long as the page is signed in. `onSearch` makes the search visible on a narrow page. */
export function useShortcuts(session: Session, onSearch: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open], :popover-open")) return;
      const shortcut = shortcutOf(event, isTypingIn(event.target), isApple(), hasSingleKeys.value);
      if (shortcut === null) return;
      event.preventDefault();
      run(shortcut, session, onSearch);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [session]);
}

function run(shortcut: Shortcut, session: Session, onSearch: () => void) {
  switch (shortcut) {
    case "new":
      if (session.current.id.value !== null) goTo(null);
      return focusOn("composer");
    case "search":
      if (narrow.value) onSearch();
      return focusOn("search");
    case "edit":
      return [...document.querySelectorAll<HTMLElement>(".prompt [data-action=edit]")].at(-1)?.click();
    case "help":
      session.dialog.value = { name: "shortcuts" };
  }
}

/** It may have to appear first. */
function focusOn(id: string) {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}

export function ShortcutList({ onClose }: { onClose(): void }) {
  const modifiers = isApple() ? ["Control", "Shift"] : ["Alt", "Shift"];
  const names = Object.keys(TEXTS) as Shortcut[];
  return (
    <Modal title="Shortcuts" onClose={onClose}>
      <dl class="shortcuts">
        {names.map((name) => {
          const key = SHORTCUT_KEYS[name].toUpperCase();
          return (
            <Keys key={name} text={TEXTS[name]} keys={name === "help" ? [] : [...modifiers, key]}>
              {hasSingleKeys.value ? key : undefined}
            </Keys>
          );
        })}
        {OTHERS.map(([keys, text]) => <Keys key={text} text={text} keys={keys} />)}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={hasSingleKeys.value}
          onChange={({ currentTarget }) => {
            hasSingleKeys.value = currentTarget.checked;
            if (currentTarget.checked) remove(STORED);
            else write(STORED, false);
          }}
        />{" "}
        A letter alone is a shortcut where no text is entered
      </label>
    </Modal>
  );
}

/** Keys to press together, and one that does the same alone. */
function Keys({ text, keys, children: alone }: { text: string; keys: string[]; children?: string }) {
  return (
    <div>
      <dt>{text}</dt>
      <dd>
        {keys.map((key) => <kbd key={key}>{key}</kbd>)}
        {alone && keys.length > 0 && " or "}
        {alone && <kbd>{alone}</kbd>}
      </dd>
    </div>
  );
}
