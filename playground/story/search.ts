/** Searches the user's stories while the user types: one search at a time, and the results of the last one are shown. */

import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Hit } from "../data/rows.ts";

/** A pause in typing after which a search begins. */
const PAUSE_MS = 250;

/** Shorter words would be found everywhere. */
const MIN_CHARACTERS = 2;

/** What the views show of it. */
export interface Search {
  /** The text in the field. */
  words: Signal<string>;
  /** Null: there is no search, or no result yet. */
  hits: ReadonlySignal<Hit[] | null>;
  /** The words that were searched for these hits. */
  found: ReadonlySignal<string>;
  isSearching: ReadonlySignal<boolean>;
  error: ReadonlySignal<string | null>;
}

/** `find` may be aborted; `explain` makes a text of why it failed. */
export function createSearch(
  find: (words: string, signal: AbortSignal) => Promise<Hit[]>,
  explain: (error: unknown) => string,
): Search {
  const words = signal("");
  const hits = signal<Hit[] | null>(null);
  const found = signal("");
  const isSearching = signal(false);
  const error = signal<string | null>(null);

  async function search(wanted: string, abort: AbortSignal) {
    try {
      const result = await find(wanted, abort);
      if (abort.aborted) return;
      batch(() => {
        hits.value = result;
        found.value = wanted;
        error.value = null;
        isSearching.value = false;
      });
    } catch (reason) {
      if (abort.aborted) return;
      batch(() => {
        hits.value = null;
        error.value = explain(reason);
        isSearching.value = false;
      });
    }
  }

  effect(() => {
    const wanted = words.value.trim();
    if ([...wanted].length < MIN_CHARACTERS) {
      batch(() => {
        hits.value = error.value = null;
        isSearching.value = false;
      });
      return;
    }
    isSearching.value = true;
    const abort = new AbortController();
    const timer = setTimeout(() => search(wanted, abort.signal), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  });
  return { words, hits, found, isSearching, error };
}
