/** A client that does not read, one that connects again by itself, and one with many headers. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  MAX_CLIENT_QUEUE_BYTES,
  MAX_PREFLIGHT_CHARACTERS,
  MAX_READ_UNITS,
  MAX_REASONING_UNITS,
  RETRY_AFTER_END_MS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, deltaEvent } from "../../testkit/provider.ts";
import { readToEnd, textOf } from "../../testkit/reader.ts";
import { bodyFor, generateSlowly, type Limit, type LimitStack } from "./limit_stack.ts";

/** Reasoning, which is no part of the text. A client gets seven bytes for each of its line ends. */
const NOISE_UNITS = 8 * 1024;
const NOISE = deltaEvent({ reasoning: "\n".repeat(NOISE_UNITS) });
const NOISE_BYTES = 7 * NOISE_UNITS;

/** All that a generation may have; more than the queue and what the kernel keeps for both ends of a connection. */
const FLOOD = MAX_REASONING_UNITS / NOISE_UNITS;

const LAST = /event: (done|error)\n/;

/** Posts below HTTP, and reads nothing: fetch would read ahead. Gives what reads all that has waited. */
async function postAndStall({ worker, client }: LimitStack, body: unknown): Promise<() => Promise<string>> {
  const { hostname, port, pathname } = new URL(`${worker.url}/stream`);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const text = JSON.stringify(body);
  // Without "close" the end of the answer is not the end of the connection.
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${client.user.token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head + text));
  return () => new Response(connection.readable).text();
}

export const clientLimits: Limit[] = [{
  title: `a reader gets at most ${MAX_READ_UNITS} units of text at once, and no half of a character`,
  async run(on) {
    for (const units of [MAX_READ_UNITS, MAX_READ_UNITS + 2]) {
      const text = "x".repeat(MAX_READ_UNITS - 1) + "🦊end".slice(0, units - MAX_READ_UNITS + 1);
      const { streamId } = await generateSlowly(on, text.toWellFormed(), 100_001);
      const ended = await on.client.replay(streamId);
      equal(ended.text, text.toWellFormed());
      const parts = ended.events.filter(({ event }) => event === "token").map(({ data }) => data.length);
      equal(parts, units === MAX_READ_UNITS ? [MAX_READ_UNITS] : [MAX_READ_UNITS - 1, 3]);
    }
  },
}, {
  title: `the last event asks clients to stay away for ${RETRY_AFTER_END_MS} ms, and no other event does`,
  async run(on) {
    const response = await on.client.ask(await bodyFor(on, answers("Once")));
    const blocks = (await response.text()).split("\n\n").filter((block) => /^retry:/m.test(block));
    equal(blocks.length, 1);
    ok(blocks[0].startsWith(`event: done\nretry: ${RETRY_AFTER_END_MS}\ndata: {`));
  },
}, {
  title: `a preflight may list ${MAX_PREFLIGHT_CHARACTERS} characters of headers`,
  async run(on) {
    for (const length of [MAX_PREFLIGHT_CHARACTERS, MAX_PREFLIGHT_CHARACTERS + 1]) {
      const name = "x".repeat(length);
      const headers = { "access-control-request-headers": name };
      const response = await fetch(`${on.worker.url}/stream`, { method: "OPTIONS", headers });
      await response.body?.cancel();
      const isAllowed = response.headers.get("access-control-allow-headers") === name;
      equal(isAllowed, length === MAX_PREFLIGHT_CHARACTERS);
    }
  },
}, {
  title: `a client that leaves ${MAX_CLIENT_QUEUE_BYTES} bytes unread is detached, and its generation goes on`,
  async run(on) {
    for (const count of [MAX_CLIENT_QUEUE_BYTES / 2 / NOISE_BYTES, FLOOD]) {
      const body = await bodyFor(on, async (call) => {
        await call.token("Once ");
        for (let sent = 0; sent < count; sent++) await call.send(NOISE);
        await call.token("upon a time");
        await call.finish();
      });
      const stalled = await postAndStall(on, body);
      const stored = await eventually("the message is stored", () => on.client.stored(body.stream_id));
      const { content, is_complete, finish_reason } = stored;
      equal([content, is_complete, finish_reason], ["Once upon a time", true, "stop"]);
      const received = await stalled();
      ok(received.startsWith("HTTP/1.1 200 ") && received.includes("event: start\n"));
      equal(LAST.test(received), count !== FLOOD);
      ok(received.length < FLOOD * NOISE_BYTES);
    }
  },
}, {
  title: "a client that was detached resumes the running generation, and has every character",
  async run(on) {
    const [joined, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let read = Promise.withResolvers<void>();
    let noise = 0;
    const body = await bodyFor(on, async (call) => {
      await call.token("Once ");
      await joined.promise;
      for (let sent = 1; sent <= FLOOD; sent++) {
        await call.send(NOISE);
        // As fast as the other client reads.
        while (noise < sent) await read.promise;
      }
      await call.token("upon ");
      await resumed.promise;
      await call.token("a time");
      await call.finish();
    });
    const stalled = await postAndStall(on, body);
    // Another client keeps up, and sees when the flood is over.
    const other = await eventually("the generation runs", async () => {
      const response = await on.client.get(body.stream_id);
      await response.body?.cancel();
      return response.status === 200 && await on.client.watch(body.stream_id);
    });
    joined.resolve();
    while (!textOf(other.events).endsWith("upon ")) {
      const event = await other.next();
      ok(event, "The client that keeps up was detached");
      if (event.event === "reasoning") noise++;
      read.resolve();
      read = Promise.withResolvers();
    }
    const received = await stalled();
    const from = Number([...received.matchAll(/^id: (\d+)$/gm)].at(-1)![1]);
    equal([LAST.test(received), from], [false, "Once ".length]);
    const back = await on.client.watch(body.stream_id, { from });
    await back.until("token");
    resumed.resolve();
    const { text, last } = await readToEnd(back, from);
    equal([text, last.is_complete], ["upon a time", true]);
    equal((await readToEnd(other)).text, "Once upon a time");
  },
}];
