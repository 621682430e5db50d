/** A client that does not read. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { MAX_CLIENT_QUEUE_BYTES, MAX_READ_STREAMS } from "../../supabase/functions/_relay/protocol/limits.ts";
import { eventually } from "../../testkit/eventually.ts";
import { event } from "../../testkit/provider.ts";
import { makeBot, storedMessage } from "../../testkit/target.ts";
import { dataOf, readStory, textOf } from "../../testkit/reader.ts";
import { type Bench, expectRefused, type Limit, tell } from "./bench.ts";

/** Far more than the queue and what the kernel keeps for both ends of a connection. */
const FLOOD_BYTES = 32 * 1024 * 1024;

/** Asks for a stream below HTTP, where nobody reads before the test does. */
async function connect({ user, main }: Bench, bot_id: string, stream_id: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(main.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({ prompt: "Once", bot_id, stream_id });
  const request = [
    "POST /functions/v1/stream HTTP/1.1",
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${user.token}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
  await new Response(request).body!.pipeTo(connection.writable, { preventClose: true });
  return connection;
}

/** Reads a stream on the same worker. */
function watch({ user, main }: Bench, streamId: string, from?: number): Promise<Response> {
  return fetch(`${main.url}/stream/${streamId}`, {
    headers: {
      authorization: `Bearer ${user.token}`,
      ...(from === undefined ? {} : { "last-event-id": String(from) }),
    },
  });
}

/** Bytes of reasoning, which is no part of the text. */
const NOISE = event({ choices: [{ delta: { reasoning: "x".repeat(256 * 1024) } }] });

/** Floods the client beside the text, and goes on with the text once it must be detached. */
async function flood(bench: Bench, bytes: number) {
  const url = bench.rig.provider.script(async (call) => {
    await call.token("Once ");
    for (let sent = 0; sent < bytes; sent += NOISE.length) {
      await call.send(NOISE);
    }
    await call.token("upon a time");
    await call.finish();
  });
  const bot_id = await makeBot(bench.rig.target, bench.user, url);
  const streamId = crypto.randomUUID();
  const connection = await connect(bench, bot_id, streamId);
  const stored = await eventually(
    "the message is stored, although nobody reads",
    () => storedMessage(bench.rig.target, bench.user, streamId),
  );
  const received = await new Response(connection.readable).text();
  return { stored, received };
}

/** The queue of one client. */
export const clientLimits: Limit[] = [{
  reaches: ["MAX_CLIENT_QUEUE_BYTES"],
  title: `a client that leaves ${MAX_CLIENT_QUEUE_BYTES} bytes unread is detached, and its generation goes on`,
  async run(bench) {
    for (const bytes of [MAX_CLIENT_QUEUE_BYTES / 2, FLOOD_BYTES]) {
      const { stored, received } = await flood(bench, bytes);
      const { content, is_complete, finish_reason } = stored;
      equal({ content, is_complete, finish_reason }, {
        content: "Once upon a time",
        is_complete: true,
        finish_reason: "stop",
      });
      ok(received.startsWith("HTTP/1.1 200 "));
      ok(received.includes("event: start\n"));
      equal(/event: (done|error)\n/.test(received), bytes !== FLOOD_BYTES);
      ok(received.length < FLOOD_BYTES);
    }
  },
}, {
  reaches: [],
  title: "a client that was detached resumes the running generation, and has every character",
  async run(bench) {
    const { rig, user } = bench;
    const joined = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    let read = Promise.withResolvers<void>();
    let heard = 0;
    const url = rig.provider.script(async (call) => {
      await call.token("Once ");
      await joined.promise;
      for (let sent = 1; sent <= FLOOD_BYTES / NOISE.length; sent++) {
        await call.send(NOISE);
        // As fast as somebody can read who does.
        while (heard < sent) await read.promise;
      }
      await call.token("upon ");
      await resumed.promise;
      await call.token("a time");
      await call.finish();
    });
    const bot_id = await makeBot(rig.target, user, url);
    const streamId = crypto.randomUUID();
    const connection = await connect(bench, bot_id, streamId);
    // Somebody else keeps up, and knows when the flood is over.
    await rig.provider.called(url);
    const other = readStory(await watch(bench, streamId));
    let text = "";
    joined.resolve();
    while (!text.endsWith("upon ")) {
      const event = await other.next();
      ok(event, "Who keeps up was detached");
      if (event.event === "token") text += event.data;
      if (event.event === "reasoning") heard++;
      read.resolve();
      read = Promise.withResolvers();
    }
    const received = await new Response(connection.readable).text();
    const ids = [...received.matchAll(/^id: (\d+)$/gm)];
    const last = Number(ids.at(-1)![1]);
    equal(/event: (done|error)\n/.test(received), false);
    equal(last, "Once ".length);
    const back = readStory(await watch(bench, streamId, last));
    const seen = await back.until("token");
    resumed.resolve();
    const events = [...seen, ...await back.rest()];
    equal(textOf(events), "upon a time");
    equal(dataOf(events, "done").is_complete, true);
    equal(text + textOf(await other.rest()), "Once upon a time");
  },
}, {
  reaches: ["MAX_READ_STREAMS"],
  title: `a user may watch ${MAX_READ_STREAMS} streams at once on one worker`,
  async run(bench) {
    const release = Promise.withResolvers<void>();
    const started = await tell(bench, async (call) => {
      await release.promise;
      await call.finish();
    });
    const streams = [];
    for (let count = 0; count < MAX_READ_STREAMS; count++) {
      streams.push(readStory(await watch(bench, started.streamId)));
    }
    const over = await watch(bench, started.streamId);
    equal(over.headers.get("retry-after"), "5");
    await expectRefused(over, 429, "too_many_streams");
    release.resolve();
    for (const stream of [started.stream, ...streams]) {
      equal(dataOf(await stream.rest(), "done").finish_reason, "stop");
    }
    const after = await watch(bench, started.streamId);
    equal(dataOf(await readStory(after).rest(), "done").is_complete, true);
  },
}];
