/** What the database has of a story, and the promises that hold for every one of them. */

import type { Sql } from "postgres";
import { must } from "./experiment.ts";
import { difference, story } from "./numbered.ts";
import type { Told } from "./provider.ts";
import type { Reader } from "./reader.ts";

/** A generation that has ended, with its message, if it has one. */
export interface Stored {
  status: string;
  finishReason: string;
  messageId: string | null;
  content: string;
  isComplete: boolean;
}

/** Throws a Violation unless there is one generation, ended, with one message at most and no chunks left. */
export async function readStored(sql: Sql, streamId: string): Promise<Stored> {
  const generations = await sql`
    select status, finish_reason, message_id,
      (select count(*)::int from relay.chunks c where c.stream_id = g.stream_id) as chunks
    from relay.generations g where stream_id = ${streamId}`;
  const messages = await sql`
    select id, content, is_complete, finish_reason from public.messages where stream_id = ${streamId}`;
  const [generation] = generations;
  const [message] = messages;
  const what = `stream ${streamId}`;
  must(generations.length === 1, `${what} has ${generations.length} generations`);
  must(messages.length <= 1, `${what} has ${messages.length} messages`);
  must(generation.status !== "running", `${what} still runs`);
  must(generation.chunks === 0, `${what} has left ${generation.chunks} chunks`);
  must((message?.id ?? null) === generation.message_id, `${what} points at another message than its own`);
  must(
    !message || message.is_complete === (generation.status === "completed"),
    `${what} is ${generation.status}, its message says otherwise`,
  );
  must(
    !message || message.finish_reason === generation.finish_reason,
    `${what} and its message have two finish reasons`,
  );
  return {
    status: generation.status,
    finishReason: generation.finish_reason,
    messageId: generation.message_id,
    content: message?.content ?? "",
    isComplete: message?.is_complete ?? false,
  };
}

/** The text is what the provider sent, and the provider was asked once. */
export function checkTold(tag: string, content: string, told: Told, size: number): void {
  const sent = story(tag, told.sent, size);
  const at = difference(content, sent);
  must(
    at === -1 && content.length <= sent.length,
    `stream ${tag}: the message is no prefix of what the provider sent, from ${at} on`,
  );
  must(told.calls === 1, `stream ${tag}: the provider was asked ${told.calls} times`);
}

/** The last event tells what the database has. */
export function checkEnd({ end, streamId }: Reader, stored: Stored): void {
  must(end !== null, `stream ${streamId} has no last event`);
  const what = `stream ${streamId}: the last event "${end.event}"`;
  const failed = ["failed", "interrupted"].includes(stored.status);
  must(end.event === (failed ? "error" : "done"), `${what} does not fit the status "${stored.status}"`);
  must(end.data.message_id === stored.messageId, `${what} names another message`);
  if (end.event === "done") {
    must(
      end.data.finish_reason === stored.finishReason,
      `${what} says "${end.data.finish_reason}", the database "${stored.finishReason}"`,
    );
  }
}
