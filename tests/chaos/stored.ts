/** What the database has of a generation, and the promises that hold for every one of them. */

import { equal, ok } from "node:assert/strict";
import type { Client } from "./client.ts";
import type { Generation, Lab } from "./lab.ts";
import { numbered } from "./numbered.ts";

/** A generation that has ended, with the text of its message, if it has one. */
export type Stored = Awaited<ReturnType<typeof readStored>>;

/** Fails unless there is one generation that ended so, with one message at most and no chunks left. */
async function readStored({ sql }: Lab, streamId: string, status: string) {
  const generations = await sql`
    select status, finish_reason, message_id,
      (select count(*)::int from relay.chunks c where c.stream_id = g.stream_id) as chunks
    from relay.generations g where stream_id = ${streamId}`;
  const messages = await sql`
    select id, content, is_complete, finish_reason from public.messages where stream_id = ${streamId}`;
  const [{ finish_reason, message_id, ...generation }] = generations;
  const [message] = messages;
  const what = `stream ${streamId}`;
  ok(generations.length === 1 && messages.length <= 1, `${what} has ${generations.length} and ${messages.length} rows`);
  equal(generation.status, status, `${what} is ${generation.status}, not ${status}`);
  equal(generation.chunks, 0, `${what} has left ${generation.chunks} chunks`);
  equal(message?.id ?? null, message_id, `${what} points at another message than its own`);
  if (message) {
    equal(message.is_complete, status === "completed", `${what} is ${status}, its message says otherwise`);
    equal(message.finish_reason, finish_reason, `${what} and its message have two finish reasons`);
  }
  return { status, finish_reason, message_id, content: String(message?.content ?? "") };
}

/** The same, and the text is what the provider sent: all of it if it completed; and the provider was called once. */
export async function checkStored(lab: Lab, { streamId, plan, sent }: Generation, status: string): Promise<Stored> {
  const stored = await readStored(lab, streamId, status);
  const isWhole = status === "completed";
  const text = numbered(streamId, plan, isWhole ? plan.tokens : sent.tokens);
  ok(text.startsWith(stored.content), `stream ${streamId}: the message is no prefix of what the provider sent`);
  if (isWhole) equal(stored.content.length, text.length, `stream ${streamId}: the message is not whole`);
  equal(sent.calls, 1, `stream ${streamId}: the provider was called ${sent.calls} times`);
  return stored;
}

/** The client has the message, to the character, unless it may have more; and its last event says what is stored. */
export function checkClient({ streamId, text, end }: Client, stored: Stored, mayHaveMore = false): void {
  const what = `stream ${streamId}: the client, with ${text.length} of ${stored.content.length} units,`;
  ok(
    mayHaveMore ? text.startsWith(stored.content) : text === stored.content,
    `${what} has another text than the message`,
  );
  ok(end !== null, `${what} has no last event`);
  const failed = ["failed", "interrupted"].includes(stored.status);
  equal(end.event, failed ? "error" : "done", `${what} got "${end.event}", but the status is "${stored.status}"`);
  equal(end.data.message_id, stored.message_id, `${what} got another message's id`);
  if (!failed) equal(end.data.finish_reason, stored.finish_reason, `${what} got another finish reason`);
}
