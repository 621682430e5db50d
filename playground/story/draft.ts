/** The text in the composer: it belongs to the open conversation, and survives a reload. */

import { effect, type ReadonlySignal, type Signal, signal, untracked } from "@preact/signals";
import { draftOf, onDraftInOtherTab, readDraft, writeDraft } from "../data/drafts.ts";

/** A pause in typing after which the text is stored. */
const PAUSE_MS = 300;

/** A text that is being sent, and is still stored. */
export interface TakenDraft {
  /** Another place keeps it now, so it is not stored as a draft any more. */
  sent(): void;
}

/** The draft of the open conversation. */
export interface Draft {
  text: Signal<string>;
  /** Empties the composer; the stored text stays until it is sent. */
  take(): TakenDraft;
}

/** The tab that stores a text last sets it in all tabs. */
export function createDraft(userId: string, conversationId: ReadonlySignal<string | null>): Draft {
  const text = signal("");
  let name = "";
  /** The text that, as far as this page knows, is stored under this name. */
  let stored = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  function save() {
    clearTimeout(timer);
    const now = text.peek();
    if (now === stored) return;
    stored = now;
    writeDraft(name, now);
  }

  function load() {
    stored = readDraft(name);
    text.value = stored;
  }

  effect(() => {
    const next = draftOf(userId, conversationId.value);
    untracked(() => {
      save();
      name = next;
      load();
    });
  });
  effect(() => {
    clearTimeout(timer);
    if (text.value !== stored) timer = setTimeout(save, PAUSE_MS);
  });
  addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", save);
  onDraftInOtherTab((changed) => {
    if (changed === name && text.peek() === stored) load();
  });
  return {
    text,
    take() {
      const taken = { name, text: text.peek() };
      clearTimeout(timer);
      writeDraft(name, taken.text);
      stored = "";
      text.value = "";
      return {
        sent() {
          if (readDraft(taken.name) === taken.text) writeDraft(taken.name, "");
        },
      };
    },
  };
}
