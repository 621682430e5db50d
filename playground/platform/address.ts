/** The conversation in the page's address: `#/story/<id>`, or none. */

import { type ReadonlySignal, signal } from "@preact/signals";

const current = signal(idInHash());

addEventListener("hashchange", () => current.value = idInHash());

/** Follows the address bar, the back button included. */
export const conversationInAddress: ReadonlySignal<string | null> = current;

/** The link to a conversation; null: to a new one. */
export function linkTo(conversationId: string | null): string {
  return conversationId === null ? "#/" : `#/story/${encodeURIComponent(conversationId)}`;
}

/** With `replace` the back button does not return to the present address. */
export function goTo(conversationId: string | null, replace = false): void {
  const link = linkTo(conversationId);
  if (replace) history.replaceState(null, "", link);
  else history.pushState(null, "", link);
  current.value = conversationId;
}

function idInHash(): string | null {
  const id = /^#\/story\/([^/]+)$/.exec(location.hash)?.[1];
  try {
    return id ? decodeURIComponent(id) : null;
  } catch {
    return null;
  }
}
