/** Keys: those that an input method takes, and the shortcuts of the page. */

/**
 * Whether a key belongs to an input method, which composes a character: Enter accepts it, Escape gives it up. Safari ends
 * the composition before the key comes, and only the key code says what it was for.
 */
export function isComposing({ isComposing, keyCode }: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return isComposing || keyCode === 229;
}

/** What a shortcut does. Escape stops an answer, too: the composer listens to it. */
export type Shortcut = "new" | "search" | "edit" | "help";

/** Their keys. A key alone works where no text is entered, with the modifiers anywhere; `?` has no modifiers. */
export const SHORTCUT_KEYS: Record<Shortcut, string> = { new: "n", search: "s", edit: "e", help: "?" };

/** The part of a key press that counts. */
type Press = Pick<
  KeyboardEvent,
  "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "isComposing" | "keyCode" | "repeat" | "defaultPrevented"
>;

/**
 * The shortcut of a key press; null: none. Alt and Shift with a letter is free in browsers and screen readers, except on
 * Apple's, where it types a character: there it is Control and Shift. Keys alone can be turned off.
 */
export function shortcutOf(press: Press, isTyping: boolean, isApple: boolean, hasSingleKeys: boolean): Shortcut | null {
  if (press.defaultPrevented || press.repeat || isComposing(press) || press.metaKey) return null;
  const key = press.key.toLowerCase();
  const found = (Object.keys(SHORTCUT_KEYS) as Shortcut[]).find((name) => SHORTCUT_KEYS[name] === key) ?? null;
  const isAlone = !press.altKey && !press.ctrlKey && (!press.shiftKey || found === "help");
  if (isAlone) return isTyping || !hasSingleKeys ? null : found;
  const isModified = press.shiftKey && press.altKey === !isApple && press.ctrlKey === isApple;
  return isModified && found !== "help" ? found : null;
}

/** Whether a key press there enters a text or chooses from a list. */
export function isTypingIn(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Whether the keyboard is one of Apple's. */
export function isApple(): boolean {
  return /Mac|iP(hone|ad|od)/.test(navigator.platform);
}
