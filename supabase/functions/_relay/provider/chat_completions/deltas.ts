/** Collects the deltas of one answer, clean, its thoughts apart from its text. */

import { createTextCleaner } from "../clean_text.ts";
import type { Delta } from "../provider.ts";
import { createThinkingSplitter } from "../thinking.ts";

/** Neighbours of a kind are one delta. */
export function createDeltas(thinksFirst: boolean) {
  const cleaners = { text: createTextCleaner(), reasoning: createTextCleaner() };
  const thinking = createThinkingSplitter((kind, part) => append(kind, cleaners[kind].clean(part)), thinksFirst);
  let deltas: Delta[] = [];

  function append(kind: Delta["kind"], text: string) {
    if (text === "") return;
    const last = deltas.at(-1);
    if (last?.kind === kind) last.text += text;
    else deltas.push({ kind, text });
  }

  return {
    add(kind: Delta["kind"], text: string) {
      if (kind === "text") return thinking.push(text);
      thinking.reasoningCame();
      append(kind, cleaners[kind].clean(text));
    },
    /** What has come since the last call. */
    take(): Delta[] {
      const taken = deltas;
      deltas = [];
      return taken;
    },
    end() {
      thinking.end();
      append("reasoning", cleaners.reasoning.end());
      append("text", cleaners.text.end());
    },
  };
}
