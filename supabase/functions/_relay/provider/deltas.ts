/** Collects the deltas of one answer, reasoning and text separately, and cleans them. */

import { TextCleaner } from "./clean_text.ts";
import type { Delta } from "./provider.ts";
import { createThinkingSplitter, type ThinkingSplitter } from "./thinking.ts";

/**
 * The most UTF-16 units that are given at once. A body of JSON, or a text that may have been reasoning, has up to a
 * million; cleaning and sending so many line ends would take 100 to 200 ms.
 */
export const MAX_GIVEN_UNITS = 32 * 1024;

/**
 * Neighbours of a kind become one delta. They are cleaned when they are taken, because cleaning one text costs as much
 * as cleaning many.
 */
export class Deltas {
  #text = new TextCleaner();
  /** Null: none has come. */
  #reasoning: TextCleaner | null = null;
  #deltas: Delta[] = [];
  #isOver = false;
  /** Null: all text is the answer. */
  #thinking: ThinkingSplitter | null;

  constructor(thinksFirst: boolean) {
    this.#thinking = createThinkingSplitter((kind, text) => this.#append(kind, text), thinksFirst);
  }

  add(kind: Delta["kind"], text: string) {
    if (kind === "reasoning") this.#thinking?.reasoningCame();
    if (kind === "reasoning" || this.#thinking === null) this.#append(kind, text);
    else if (this.#thinking.push(text)) this.#thinking = null;
  }

  /**
   * Adds a text; returns the deltas since the last call, or if they are long, the next part of them. Most reads bring
   * one text, which is not kept here: the collector notes each old object with a new value.
   */
  take(kind: Delta["kind"] = "text", text = ""): Delta[] {
    if (text !== "") {
      const isAlone = this.#deltas.length === 0 && this.#thinking === null && text.length <= MAX_GIVEN_UNITS;
      if (isAlone) return this.#clean([{ kind, text }]);
      this.add(kind, text);
    }
    const taken = this.#clean(this.#cut());
    if (!this.#isOver || this.#deltas.length > 0) return taken;
    addTo(taken, "reasoning", this.#reasoning?.end() ?? "");
    addTo(taken, "text", this.#text.end());
    return taken;
  }

  hasMore(): boolean {
    return this.#deltas.length > 0;
  }

  end() {
    this.#thinking?.end();
    this.#isOver = true;
  }

  #append(kind: Delta["kind"], text: string) {
    // Most reads bring one delta, and pushing to an empty list allocates room for seventeen.
    if (this.#deltas.length === 0 && text !== "") this.#deltas = [{ kind, text }];
    else addTo(this.#deltas, kind, text);
  }

  /** May cut anywhere: the cleaners hold back half a character. */
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
      const cleaner = delta.kind === "text" ? this.#text : this.#reasoning ??= new TextCleaner();
      delta.text = cleaner.clean(delta.text);
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
