/** What was written and not sent, kept in the browser for each user and conversation. */

import { names, onOtherTab, read, remove, write } from "../platform/storage.ts";

const PREFIX = "draft.";

/** How many drafts are kept; the oldest one is dropped first. */
const MAX_DRAFTS = 50;

/** UTF-16 units of all of them: a browser has room for five million in all. */
const MAX_UNITS = 1_000_000;

/** UTF-16 units of one. A longer text lives as long as the page: no prompt is half as long. */
const MAX_DRAFT_UNITS = 200_000;

interface StoredDraft {
  text: string;
  /** When it was written, in milliseconds since 1970. */
  at: number;
}

/** The name of a draft. Each user has one for a conversation that is not stored yet. */
export function draftOf(userId: string, conversationId: string | null): string {
  return `${PREFIX}${userId}.${conversationId ?? "new"}`;
}

/** The name of a message's text while it is edited. */
export function editOf(userId: string, conversationId: string | null, messageId: string): string {
  return `${draftOf(userId, conversationId)}.edit.${messageId}`;
}

/** Empty if there is none. */
export function readDraft(name: string): string {
  return read<StoredDraft>(name)?.text ?? "";
}

/** An empty text removes it. */
export function writeDraft(name: string, text: string): void {
  if (!text.trim() || text.length > MAX_DRAFT_UNITS) return remove(name);
  makeRoom(name, text.length);
  write(name, { text, at: Date.now() } satisfies StoredDraft);
}

/** For signing out: no text stays in the browser. */
export function removeDraftsOf(userId: string): void {
  names(`${PREFIX}${userId}.`).forEach(remove);
}

/** For a conversation that is deleted. */
export function removeDraftsIn(userId: string, conversationId: string): void {
  const name = draftOf(userId, conversationId);
  names(name).filter((other) => other === name || other.startsWith(`${name}.`)).forEach(remove);
}

/** Calls back with the name of a draft that another tab has changed. */
export function onDraftInOtherTab(changed: (name: string) => void): void {
  onOtherTab((name) => {
    if (name.startsWith(PREFIX)) changed(name);
  });
}

function makeRoom(forName: string, units: number) {
  const others = names(PREFIX).filter((name) => name !== forName)
    .map((name) => ({ name, ...read<StoredDraft>(name) ?? { text: "", at: 0 } }))
    .sort((one, other) => other.at - one.at);
  let left = MAX_UNITS - units;
  others.forEach(({ name, text }, index) => {
    left -= text.length;
    if (left < 0 || index >= MAX_DRAFTS - 1) remove(name);
  });
}
