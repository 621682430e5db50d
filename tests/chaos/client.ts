/** A client that never believes the relay: every event is checked as it comes, over all its connections. */

import { equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client as Requests } from "../../testkit/author.ts";
import { type Reader, readEvents, type StreamEvent } from "../../testkit/reader.ts";

/** One client of one stream. */
export type Client = ReturnType<typeof createClient>;

/** Times are those of performance.now(). It throws at the first event that cannot be. */
export function createClient(streamId: string, { ask, get }: Requests) {
  let longest = "";
  let opening = { openedAt: NaN, latencyMs: NaN };
  let expectsStart = false;
  let reader: Reader;
  const client = {
    streamId,
    /** All that the client has. */
    text: "",
    /** When it had how much of it. */
    seen: [] as { at: number; length: number }[],
    /** The last event of the last connection; null: it had none. */
    // deno-lint-ignore no-explicit-any
    end: null as { event: string; at: number; data: any } | null,
    /** Asks for the generation, or, without a body, for what follows the text that the client has. */
    async open(worker: string, body?: Record<string, unknown>) {
      client.end = null;
      expectsStart = client.text === "";
      const from = expectsStart ? undefined : client.text.length;
      const opened = opening = { openedAt: performance.now(), latencyMs: NaN };
      const asked = body ? ask({ stream_id: streamId, ...body }, { worker }) : get(streamId, { worker, from });
      const response = await asked;
      if (response.status === 200) reader = readEvents(response);
      const code: string | null = response.status === 200 ? null : (await response.json()).error.code;
      return Object.assign(opened, { status: response.status, code, retryAfter: response.headers.get("retry-after") });
    },
    /** Reads until the last event, until there is no further one, or until the condition holds. */
    async follow(enough = () => false): Promise<"ended" | "broken" | "dropped"> {
      try {
        while (!enough()) {
          const event = await reader.next().catch(unlessBroken);
          if (event === undefined) return client.end === null ? "broken" : "ended";
          take(event);
        }
        return "dropped";
      } finally {
        reader.leave().catch(() => {});
      }
    },
    /** Forgets the text after an offset. What then comes must be the same again. */
    rewind: (offset: number) => void (client.text = client.text.slice(0, offset)),
  };

  function take({ event, id, data }: StreamEvent) {
    const what = `stream ${streamId}: the event "${event}"`;
    ok(client.end === null, `${what} came after the last one`);
    const at = performance.now();
    if (Number.isNaN(opening.latencyMs)) opening.latencyMs = at - opening.openedAt;
    if (expectsStart) {
      ok(event === "start" && id === "0", `${what} came before "start"`);
      expectsStart = false;
    } else if (event === "token") {
      const before = client.text.length;
      client.text += data;
      const { length } = client.text;
      ok(Number(id) <= length, `${what} ends at ${id} and not at ${length}: lost text`);
      ok(Number(id) >= length, `${what} ends at ${id} and not at ${length}: doubled text`);
      ok(
        data.startsWith(longest.slice(before, length)),
        `${what} has another text after ${before} than one before it`,
      );
      if (length > longest.length) longest = client.text;
      client.seen.push({ at, length });
    } else if (event === "done" || event === "error") {
      client.end = { event, at, data: JSON.parse(data) };
      equal(client.end.data.stream_id, streamId, `${what} is of another stream`);
    } else {
      equal(event, "ping", `${what} came where it does not belong`);
    }
  }
  return client;
}

/** Opens a stream where the client is; null: this worker is gone, or its database is away. */
export async function tryToResume(client: Client, url: string) {
  const opening = await client.open(url).catch(unlessBroken);
  if (opening === undefined || opening.status === 503 && opening.retryAfter !== null) return null;
  equal(opening.status, 200, `stream ${client.streamId}: resuming was refused with ${opening.status} ${opening.code}`);
  return opening;
}

/** Reads to the last event as a good client does, on whatever worker there is; fails after so many milliseconds. */
export async function readToEnd(client: Client, choose: () => string, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  const isLate = () => performance.now() > deadline;
  while (!isLate()) {
    if (await tryToResume(client, choose()) && await client.follow(isLate) === "ended") return;
    await sleep(100);
  }
  ok(false, `stream ${client.streamId} has no end after ${ms} ms`);
}

/** What fetch throws for whatever a network can do is a TypeError. */
function unlessBroken(error: unknown): undefined {
  if (!(error instanceof TypeError)) throw error;
}
