/** The text that the provider of the experiments sends: numbered, so that whatever is lost or doubled is visible. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Script, tokenEvent } from "../../testkit/provider.ts";

/** How the provider plays one answer. */
export interface Plan {
  tokens: number;
  /** Milliseconds between two tokens. */
  intervalMs: number;
  /** Characters of a token, as long as a model's and about as hard to compress; 0: about 17, with all that is hard. */
  size: number;
}

/** What the provider knows of a generation: a second call is a second bill; while the connection is open it is null. */
export type Sent = { calls: number; tokens: number; closedAt: number | null };

/** All tokens, or the first so many; a token of another generation shows up too, for each has the stream_id. */
export function numbered(streamId: string, { tokens, size }: Plan, count = tokens): string {
  return Array.from({ length: count }, (_, index) => token(streamId, index, size)).join("");
}

/** Some have a character of two UTF-16 units or an end of a line: offsets count the first, the wire splits at the second. */
function token(streamId: string, index: number, size: number): string {
  if (size > 0) {
    const noise = String.fromCharCode(97 + (Math.imul(index, 0x9e3779b1) >>> 0) % 26);
    return `${index.toString(36).padStart(size - 2, "0")}${noise} `;
  }
  const number = `${streamId}-${String(index).padStart(6, "0")} `;
  return index % 10 === 3 ? `${number}\n` : index % 7 === 5 ? `${number}🌊 ` : number;
}

/** Tokens are due by the clock of the whole answer, so that a busy machine makes bursts and not a slower answer. */
export function play(streamId: string, { tokens, intervalMs, size }: Plan, sent: Sent): Script {
  return async (call) => {
    const startedAt = performance.now();
    Object.assign(sent, { calls: sent.calls + 1, tokens: 0, closedAt: null });
    call.closed.then(() => sent.closedAt = performance.now());
    while (!call.over && sent.tokens < tokens) {
      const due = Math.min(Math.floor((performance.now() - startedAt) / intervalMs) + 1, tokens);
      let events = "";
      while (sent.tokens < due) events += tokenEvent(token(streamId, sent.tokens++, size));
      await call.send(events);
      await sleep(Math.max(startedAt + sent.tokens * intervalMs - performance.now(), 0));
    }
    await call.finish();
  };
}
