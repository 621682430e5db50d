/** Many clients at once, and what they see together. */

import { age, now } from "../stamp.ts";
import { sleep } from "../process.ts";
import { openStream, type Request, type Stream } from "./stream.ts";

/** Streams under way. */
export interface Crowd {
  streams: Stream[];
  /** Of all streams so far. */
  readonly tokens: number;
  /** That came over all connections so far, heads and frames with them. */
  readonly bytes: number;
  /** Delays in milliseconds since `record`, until `recorded`. */
  record(): void;
  recorded(): number[];
  /** True where each stream has had its first token, or has ended without one, within so long. */
  begun(ms: number): Promise<boolean>;
  /** Waits for the ends; those that still run after so long are left, and counted. */
  ended(ms: number): Promise<{ cutOff: number }>;
  /** The first stream that is not whole by itself, in a sentence; null where all are. */
  failure(tokens: number): string | null;
}

/** Begins them, spread over so long. `clock` is how far the provider's clock is ahead; null: nobody wants delays. */
export async function openCrowd(requests: Request[], spreadMs: number, clock: number | null): Promise<Crowd> {
  let tokens = 0;
  let bytes = 0;
  let delays: number[] | null = null;
  const ears = {
    onTokens: (count: number) => tokens += count,
    onBytes: (count: number) => bytes += count,
    onStamp: clock === null ? undefined : (stamp: number) => delays?.push(age(stamp, now() + clock)),
  };
  const cut = new Set<Stream>();
  const streams: Stream[] = [];
  const startedAt = performance.now();
  for (const [place, request] of requests.entries()) {
    const due = spreadMs * place / requests.length;
    const early = due - (performance.now() - startedAt);
    if (early > 0.5) await sleep(early);
    streams.push(openStream(request, ears));
  }
  return {
    streams,
    get tokens() {
      return tokens;
    },
    get bytes() {
      return bytes;
    },
    record: () => delays = [],
    recorded() {
      const taken = delays ?? [];
      delays = null;
      return taken;
    },
    begun: (ms) => within(ms, streams.map(({ first }) => first)),
    async ended(ms) {
      if (await within(ms, streams.map(({ ended }) => ended))) {
        return { cutOff: 0 };
      }
      const late = streams.filter((stream) => !stream.over);
      for (const stream of late) {
        cut.add(stream);
        stream.close();
      }
      await Promise.all(late.map(({ ended }) => ended));
      return { cutOff: late.length };
    },
    failure(expected) {
      for (const stream of streams) {
        if (cut.has(stream)) continue;
        if (stream.failure) return `a stream failed: ${stream.failure}`;
        if (stream.tokens !== expected) {
          return `a stream ended with ${stream.tokens} tokens, ${expected} were sent`;
        }
      }
      return null;
    },
  };
}

async function within(ms: number, all: Promise<void>[]): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = await Promise.race([late, Promise.all(all).then(() => true as const)]);
  clearTimeout(timer);
  return done;
}
