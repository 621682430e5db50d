/** GET /stream/{stream_id} after the end: for ever, from what is stored, and never from the provider. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { MAX_READ_UNITS } from "../../supabase/functions/_relay/protocol/limits.ts";
import { type Client, newAuthor, newClient } from "../../testkit/author.ts";
import { insert, rest, type Target } from "../../testkit/people.ts";
import { answers, refuses, type ScriptedProvider, stalls, waits } from "../../testkit/provider.ts";
import { type Ended, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** Reads it twice on each worker: it is what the first reader had, in as few events as possible. */
async function replaysAs(target: Target, client: Client, { start, text, end, last }: Ended) {
  const from = text.length || 1;
  for (const worker of [...target.workers, ...target.workers]) {
    const again = await client.replay(start.stream_id, { worker });
    equal(again.events.map(({ event }) => event), ["start", ...(text === "" ? [] : ["token"]), end]);
    // The message of a failure is not stored, its code is.
    const message = end === "error" ? { message: again.last.message } : {};
    equal([again.start, again.text, again.last], [start, text, { ...last, ...message }]);
    equal((await client.replay(start.stream_id, { worker, from })).events.length, 1);
  }
}

/** A message as another relay has left it, or as this one has once its generation's row is deleted. */
async function givenMessage(
  target: Target,
  { user }: Client,
  is_complete: boolean,
  finish_reason: string | null,
  content = "Once 🦊 upon",
) {
  const add = (table: string, row: Record<string, unknown>, select?: string) =>
    insert(target, "service", table, { user_id: user.id, ...row }, select);
  const { id: conversation_id } = await add("conversations", {});
  const prompt = { conversation_id, content: "Begin", is_user_author: true, is_complete: true };
  const { id: parent_id } = await add("messages", prompt);
  const answer = { content, is_user_author: false, stream_id: crypto.randomUUID() };
  const message = await add("messages", { conversation_id, parent_id, ...answer, is_complete, finish_reason }, "*");
  const body = { active_message_id: message.id };
  await rest(target, "service", `conversations?id=eq.${conversation_id}`, { method: "PATCH", body });
  return message;
}

/** A message's own is_complete and finish_reason, and the last event that they make. */
const FORGOTTEN: [boolean, string | null, string][] = [
  [true, "stop", "stop"],
  [true, "length", "length"],
  [true, null, "stop"],
  [false, "cancelled", "cancelled"],
  [false, "disconnected", "disconnected"],
  [false, "interrupted", "interrupted"],
  [false, null, "interrupted"],
  [false, "timeout", "timeout"],
  [false, "error", "provider_error"],
];

/** How generations end, and what is replayed of them. */
const ENDINGS: Record<string, (target: Target, provider: ScriptedProvider) => Promise<[Client, Ended]>> = {
  async "what has completed"(target, provider) {
    const author = await newAuthor(target, provider, answers("Once 🦊 ", "upon\n", "\na time."));
    return [author, await author.generate({ prompt: "x" })];
  },
  async "what was cancelled"(target, provider) {
    const author = await newAuthor(target, provider, stalls("Once"));
    const stream_id = crypto.randomUUID();
    const reader = await author.open({ prompt: "x", stream_id });
    await reader.until("token");
    await (await author.cancel(stream_id)).body?.cancel();
    return [author, await readToEnd(reader)];
  },
  async "what failed"(target, provider) {
    const author = await newAuthor(target, provider, async (call) => {
      await call.token("Once");
      call.break();
    });
    return [author, await author.generate({ prompt: "x" })];
  },
  async "what completed without text"(target, provider) {
    const author = await newAuthor(target, provider, answers());
    return [author, await author.generate({ prompt: "x" })];
  },
  async "what failed without text"(target, provider) {
    const author = await newAuthor(target, provider, refuses(401, { error: { message: "No" } }));
    return [author, await author.generate({ prompt: "x" })];
  },
};

export const replay: Scenario[] = Object.entries(ENDINGS).map(([what, given]) => ({
  title: `${what} is replayed as it ended, again and again, and the provider is not asked`,
  async run(target, provider) {
    const [author, ended] = await given(target, provider);
    await replaysAs(target, author, ended);
  },
}));

replay.push({
  title: "a message whose generation is forgotten is replayed by its own finish_reason",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const stranger = await newClient(target);
    for (const [is_complete, finish_reason, ends] of FORGOTTEN) {
      const message = await givenMessage(target, author, is_complete, finish_reason);
      const { id: message_id, stream_id, content, conversation_id } = message;
      const ended = await author.replay(stream_id);
      const { start, text, last } = ended;
      equal([text, start.conversation_id, last.message_id], [content, conversation_id, message_id]);
      equal([last.code ?? last.finish_reason, last.is_complete ?? false], [ends, is_complete]);
      await replaysAs(target, author, ended);
      const again = await author.generate({ prompt: "x", stream_id });
      equal([again.start, again.text, again.last], [start, text, last]);
      const foreign = await stranger.get(stream_id);
      equal([foreign.status, await foreign.body?.cancel()], [404, undefined]);
    }
    equal(author.calls().length, 0);
  },
}, {
  title: "a message of a million units comes whole to ten readers at once, and another user's tokens come in time",
  async run(target, provider) {
    const worker = target.workers.at(-1)!;
    const [reader, author] = [await newClient(target), await newAuthor(target, provider, waits)];
    const content = "The fox 🦊 put on her coat. ".repeat(40_000).slice(0, 1024 * 1024).toWellFormed();
    const { stream_id } = await givenMessage(target, reader, true, "stop", content);
    const running = crypto.randomUUID();
    const begun = await author.open({ prompt: "Begin", stream_id: running });
    const call = await author.called();
    const watched = await author.watch(running, { worker });
    const froms = [0, 1, 6, 7, 8, 10, 262_143, 262_144, content.length - 1, content.length];
    const replays = Promise.all(froms.map((from) => reader.replay(stream_id, { worker, from })));
    for (let count = 0; count < 5; count++) {
      await call.token(`${count} `);
      await watched.untilText(`${count} `);
    }
    for (const [index, { text, events, end }] of (await replays).entries()) {
      equal([text === content.slice(froms[index]), end], [true, "done"], `from ${froms[index]}`);
      equal(events.every(({ data }) => data.length <= MAX_READ_UNITS), true);
    }
    await call.finish();
    equal((await readToEnd(watched)).text, "0 1 2 3 4 ");
    await readToEnd(begun);
  },
}, {
  title: "what a user has made of a message is replayed as it is now, in events of the relay alone",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("Once upon a time"));
    const { start: { stream_id }, last } = await author.generate({ prompt: "x" });
    const contents = ["Once", "", "a\r\rb\r\n\r\nevent: error\rdata: {}\r\n\r\n\u2028\u0001", "🦊".repeat(9)];
    for (const content of contents) {
      await author.rest(`messages?stream_id=eq.${stream_id}`, { method: "PATCH", body: { content } });
      for (const worker of target.workers) {
        for (const from of [0, 2, 10, 14, 99]) {
          const ended = await author.replay(stream_id, { worker, from });
          equal(ended.events.length, (from === 0 ? 2 : 1) + (from < content.length ? 1 : 0));
          equal([ended.text, ended.last], [content.replaceAll("\r", "\n").slice(from), last]);
        }
      }
    }
  },
}, {
  title: "a conversation goes on after an interrupted message, and next to it, and the message stays as it is",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const partial = await givenMessage(target, author, false, "interrupted");
    const { conversation_id, parent_id, id } = partial;
    const next = await author.generate({ prompt: "On", conversation_id });
    const sibling = await author.generate({ reroll_of: id });
    const contexts = author.calls().map(({ body }) => body.messages.map(({ content }: { content: string }) => content));
    equal(contexts, [["Begin", partial.content, "On"], ["Begin"]]);
    const messages = await author.messages(conversation_id);
    const byId = (id: string) => messages.find((message) => message.id === id);
    equal(byId(id), partial);
    equal(byId(next.start.user_message_id).parent_id, id);
    equal(byId(sibling.last.message_id).parent_id, parent_id);
  },
});
