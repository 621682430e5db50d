/** Collects the deltas of one answer, its thoughts apart from its text, and gives them clean. */

import { createTextCleaner } from "./clean_text.ts";
import type { Delta, OnRead, ProviderEnd } from "./provider.ts";
import { createThinkingSplitter, type ThinkingSplitter } from "./thinking.ts";

/**
 * UTF-16 units that are given at once. A body of JSON, or a text that may have been reasoning, has up to a million, and
 * to clean and to send so many line ends would take 100 to 200 ms.
 */
export const MAX_GIVEN_UNITS = 32 * 1024;

/** Neighbours of a kind are one delta. They are cleaned as they are taken, for that costs as much for one as for all. */
export class Deltas {
  #cleaners = { text: createTextCleaner(), reasoning: createTextCleaner() };
  #deltas: Delta[] = [];
  #isOver = false;
  #thinking: ThinkingSplitter;

  constructor(thinksFirst: boolean) {
    this.#thinking = createThinkingSplitter((kind, text) => this.#append(kind, text), thinksFirst);
  }

  add(kind: Delta["kind"], text: string) {
    if (kind === "text") return this.#thinking.push(text);
    this.#thinking.reasoningCame();
    this.#append(kind, text);
  }

  /** What has come since the last call; of much, the next part. */
  take(): Delta[] {
    const taken = this.#clean(this.#cut());
    if (!this.#isOver || this.#deltas.length > 0) return taken;
    addTo(taken, "reasoning", this.#cleaners.reasoning.end());
    addTo(taken, "text", this.#cleaners.text.end());
    return taken;
  }

  hasMore(): boolean {
    return this.#deltas.length > 0;
  }

  end() {
    this.#thinking.end();
    this.#isOver = true;
  }

  #append(kind: Delta["kind"], text: string) {
    // Most reads bring one, and a list that grows from nothing makes room for seventeen.
    if (this.#deltas.length === 0 && text !== "") this.#deltas = [{ kind, text }];
    else addTo(this.#deltas, kind, text);
  }

  /** The cleaners mend what is cut. */
  #cut(): Delta[] {
    const deltas = this.#deltas;
    let left = MAX_GIVEN_UNITS;
    for (let index = 0; index < deltas.length; index++) {
      const { kind, text } = deltas[index];
      if (text.length > left) {
        deltas[index].text = text.slice(left);
        return [...deltas.splice(0, index), { kind, text: text.slice(0, left) }];
      }
      left -= text.length;
    }
    this.#deltas = [];
    return deltas;
  }

  #clean(taken: Delta[]): Delta[] {
    let isEmpty = false;
    for (const delta of taken) {
      delta.text = this.#cleaners[delta.kind].clean(delta.text);
      isEmpty ||= delta.text === "";
    }
    return isEmpty ? taken.filter(({ text }) => text !== "") : taken;
  }
}

function addTo(deltas: Delta[], kind: Delta["kind"], text: string) {
  if (text === "") return;
  const last = deltas.at(-1);
  if (last?.kind === kind) last.text += text;
  else deltas.push({ kind, text });
}

/** What is given was taken from here. */
type Source = { take(): Delta[]; hasMore(): boolean; isComplete(): boolean };

/** Gives what was read, in parts where it is much, and only then says how the answer ended. */
export class Giver {
  #source: Source;
  #onRead: OnRead;
  #result: { end: ProviderEnd } | { error: unknown } | null = null;

  constructor(source: Source, onRead: OnRead) {
    this.#source = source;
    this.#onRead = onRead;
  }

  give(): boolean {
    const deltas = this.#source.take();
    this.#onRead(deltas, this.#source.isComplete());
    if (this.#result !== null && "error" in this.#result && !this.#source.hasMore()) throw this.#result.error;
    return deltas.length > 0;
  }

  giveAll() {
    while (this.#source.hasMore()) this.give();
  }

  fail(error: unknown) {
    this.#result = { error };
  }

  end(read: () => ProviderEnd) {
    if (this.#result !== null) return;
    try {
      this.#result = { end: read() };
    } catch (error) {
      this.#result = { error };
    }
  }

  result(): ProviderEnd {
    this.giveAll();
    const deltas = this.#source.take();
    if (deltas.length > 0) this.#onRead(deltas, this.#source.isComplete());
    if ("error" in this.#result!) throw this.#result.error;
    return this.#result!.end;
  }
}
