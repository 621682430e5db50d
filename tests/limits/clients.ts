/** A client that does not read. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { MAX_CLIENT_QUEUE_BYTES } from "../../supabase/functions/_shared/protocol/limits.ts";
import { eventually } from "../support/eventually.ts";
import { event } from "../support/scripted_provider.ts";
import { makeBot, storedMessage } from "../support/target.ts";
import type { Bench, Limit } from "./bench.ts";

/** Far more than the queue and what the kernel keeps for both ends of a connection. */
const FLOOD_BYTES = 32 * 1024 * 1024;

/** Asks for a stream below HTTP, where nobody reads before the test does. */
async function connect(
  { user, main }: Bench,
  bot_id: string,
  stream_id: string,
): Promise<Deno.TcpConn> {
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
  await new Response(request).body!.pipeTo(connection.writable, {
    preventClose: true,
  });
  return connection;
}

/** Floods the client beside the text, and goes on with the text once it must be detached. */
async function flood(bench: Bench, bytes: number) {
  const piece = event({
    choices: [{ delta: { reasoning: "x".repeat(256 * 1024) } }],
  });
  const url = bench.rig.provider.script(async (call) => {
    await call.token("Once ");
    for (let sent = 0; sent < bytes; sent += piece.length) {
      await call.send(piece);
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
export const clientLimits: Limit[] = [
  {
    reaches: ["MAX_CLIENT_QUEUE_BYTES"],
    title:
      `a client that leaves ${MAX_CLIENT_QUEUE_BYTES} bytes unread is detached, and its generation goes on`,
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
  },
];
