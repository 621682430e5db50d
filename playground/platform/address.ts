/** The conversation in the page's address: `#/story/<id>`, or none; `#/story/<id>/<message>` leads to a message of it. */

import { batch, type ReadonlySignal, signal } from "@preact/signals";

const [firstConversation, firstMessage] = idsInHash();
const conversation = signal(firstConversation);
const message = signal(firstMessage);

addEventListener("hashchange", () => setIds(idsInHash()));

/** Follows the address bar, the back button included. */
export const conversationInAddress: ReadonlySignal<string | null> = conversation;

/** The message to show. The code that shows it removes it from the address. */
export const messageInAddress: ReadonlySignal<string | null> = message;

/** The link to a conversation, or to a message of it; null: to a new one. */
export function linkTo(conversationId: string | null, messageId: string | null = null): string {
  if (conversationId === null) return "#/";
  return ["#/story", conversationId, messageId].flatMap((part, index) =>
    part === null ? [] : index === 0 ? part : encodeURIComponent(part)
  ).join("/");
}

/** With `replace` the back button does not return to the present address. */
export function goTo(conversationId: string | null, replace = false): void {
  const link = linkTo(conversationId);
  if (replace) history.replaceState(null, "", link);
  else history.pushState(null, "", link);
  setIds([conversationId, null]);
}

function setIds([conversationId, messageId]: (string | null)[]) {
  batch(() => {
    conversation.value = conversationId;
    message.value = messageId;
  });
}

function idsInHash(): (string | null)[] {
  const [, ...ids] = /^#\/story\/([^/]+)(?:\/([^/]+))?$/.exec(location.hash) ?? [];
  try {
    return [0, 1].map((index) => ids[index] ? decodeURIComponent(ids[index]) : null);
  } catch {
    return [null, null];
  }
}
