/** Collects the deltas of one answer, its thoughts apart from its text, and gives them clean. */

import { createTextCleaner } from "./clean_text.ts";
import type { Delta, OnRead, ProviderEnd } from "./provider.ts";
import { createThinkingSplitter } from "./thinking.ts";

/**
 * UTF-16 units that are given at once. A body of JSON, or a text that may have been reasoning, has up to a million, and
 * to clean and to send so many line ends would take 100 to 200 ms.
 */
export const MAX_GIVEN_UNITS = 32 * 1024;

/** Neighbours of a kind are one delta. They are cleaned as they are taken, for that costs as much for one as for all. */
export function createDeltas(thinksFirst: boolean) {
  const cleaners = { text: createTextCleaner(), reasoning: createTextCleaner() };
  let deltas: Delta[] = [];
  let isOver = false;
  const append = (kind: Delta["kind"], text: string) => {
    // Most reads bring one, and a list that grows from nothing makes room for seventeen.
    if (deltas.length === 0 && text !== "") deltas = [{ kind, text }];
    else addTo(deltas, kind, text);
  };
  const thinking = createThinkingSplitter(append, thinksFirst);

  /** The cleaners mend what is cut. */
  function cut(): Delta[] {
    let left = MAX_GIVEN_UNITS;
    for (let index = 0; index < deltas.length; index++) {
      const { kind, text } = deltas[index];
      if (text.length > left) {
        deltas[index].text = text.slice(left);
        return [...deltas.splice(0, index), { kind, text: text.slice(0, left) }];
      }
      left -= text.length;
    }
    const all = deltas;
    deltas = [];
    return all;
  }

  function clean(taken: Delta[]): Delta[] {
    let isEmpty = false;
    for (const delta of taken) {
      delta.text = cleaners[delta.kind].clean(delta.text);
      isEmpty ||= delta.text === "";
    }
    return isEmpty ? taken.filter(({ text }) => text !== "") : taken;
  }

  return {
    add(kind: Delta["kind"], text: string) {
      if (kind === "text") return thinking.push(text);
      thinking.reasoningCame();
      append(kind, text);
    },
    /** What has come since the last call; of much, the next part. */
    take(): Delta[] {
      const taken = clean(cut());
      if (!isOver || deltas.length > 0) return taken;
      addTo(taken, "reasoning", cleaners.reasoning.end());
      addTo(taken, "text", cleaners.text.end());
      return taken;
    },
    hasMore: () => deltas.length > 0,
    end() {
      thinking.end();
      isOver = true;
    },
  };
}

function addTo(deltas: Delta[], kind: Delta["kind"], text: string) {
  if (text === "") return;
  const last = deltas.at(-1);
  if (last?.kind === kind) last.text += text;
  else deltas.push({ kind, text });
}

/** Gives what was read, in parts where it is much, and only then says how the answer ended. */
export function createGiver(
  chunks: { take(): Delta[]; hasMore(): boolean; isComplete(): boolean },
  onRead: OnRead,
) {
  let result: { end: ProviderEnd } | { error: unknown } | null = null;

  function give(): boolean {
    const deltas = chunks.take();
    onRead(deltas, chunks.isComplete());
    if (result !== null && "error" in result && !chunks.hasMore()) throw result.error;
    return deltas.length > 0;
  }

  function giveAll() {
    while (chunks.hasMore()) give();
  }

  return {
    give,
    giveAll,
    fail: (error: unknown) => void (result = { error }),
    end(read: () => ProviderEnd) {
      if (result !== null) return;
      try {
        result = { end: read() };
      } catch (error) {
        result = { error };
      }
    },
    result(): ProviderEnd {
      giveAll();
      const deltas = chunks.take();
      if (deltas.length > 0) onRead(deltas, chunks.isComplete());
      if ("error" in result!) throw result.error;
      return result!.end;
    },
  };
}
