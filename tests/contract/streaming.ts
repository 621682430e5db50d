/** The event stream: its headers, the order of its events, their fields, and what is stored once it has ended. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { VERSION } from "../../supabase/functions/_relay/platform/version.ts";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { makeBot } from "../../testkit/people.ts";
import { answers, USAGE, waits } from "../../testkit/provider.ts";
import { readEvents, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

export const streaming: Scenario[] = [{
  title: "the answer is an event stream that nothing may store or hold back",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const response = await author.ask({ prompt: "Begin" });
    const { start } = await readToEnd(readEvents(response));
    const { "ratelimit-reset": reset, ...headers } = Object.fromEntries(response.headers);
    const names = ["content-type", "cache-control", "x-accel-buffering", "content-length", "x-stream-id"];
    equal([response.status, ...names.map((name) => headers[name])], [
      200,
      "text/event-stream; charset=utf-8",
      "no-cache, no-transform",
      "no",
      undefined,
      start.stream_id,
    ]);
    equal([headers["ratelimit-limit"], headers["ratelimit-remaining"]], ["5", "4"]);
    match(reset, /^([1-9]|[1-5]\d|60)$/);
  },
}, {
  title: "start, tokens and done come in this order, with exactly these fields",
  async run(target, provider) {
    const author = await newAuthor(target, provider, waits);
    const reader = await author.open({ prompt: "Begin" });
    await reader.until("start");
    const call = await author.called();
    await call.token("Once ");
    await reader.until("token");
    await call.token("upon");
    await reader.until("token");
    const finishing = call.finish();
    const { events, start, last } = await readToEnd(reader);
    await finishing;
    equal(events, [
      { event: "start", id: "0", data: events[0].data },
      { event: "token", id: "5", data: "Once " },
      { event: "token", id: "9", data: "upon" },
      { event: "done", id: undefined, data: events[3].data },
    ]);
    const { stream_id, conversation_id, user_message_id } = start;
    match(stream_id, /^[A-Za-z0-9._:-]{1,128}$/);
    const bot = { bot_id: author.botId, model: "test-model" };
    const context = { messages: 1, left_out: 0, memory: null };
    equal(start, { stream_id, conversation_id, ...bot, user_message_id, parent_id: user_message_id, context });
    const message_id = (await author.stored(stream_id)).id;
    equal(last, { stream_id, message_id, ...bot, is_complete: true, finish_reason: "stop", usage: USAGE });
  },
}, {
  title: "start arrives before the provider has answered",
  async run(target, provider) {
    const client = await newClient(target);
    const answered = Promise.withResolvers<void>();
    await makeBot(target, client.user, provider.socket(() => answered.promise));
    const reader = await client.open({ prompt: "Begin" });
    await reader.until("start");
    answered.resolve();
    const { end, last } = await readToEnd(reader);
    equal([end, last.code], ["error", "provider_error"]);
  },
}, {
  title: "a ping, which has a name, comes whenever nothing else did for a while",
  async run(target, provider) {
    const author = await newAuthor(target, provider, waits);
    const reader = await author.open({ prompt: "Begin" });
    const ping = { event: "ping", id: undefined, data: "{}" };
    equal((await reader.until("ping")).slice(1), [ping]);
    const call = await author.called();
    await call.token("Once");
    await reader.until("token");
    equal(await reader.next(), ping);
    equal((await Promise.all([readToEnd(reader), call.finish()]))[0].end, "done");
  },
}, {
  title: "done is sent once both messages of the turn are in the database, in a new conversation",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const stream_id = `mine.${crypto.randomUUID()}:1_a-B`;
    const { start, last } = await author.generate({ prompt: "Begin\r\nhere ", stream_id });
    const { conversation_id, user_message_id } = start;
    const common = { user_id: author.user.id, conversation_id, is_streaming: false, is_complete: true };
    const messages = await author.messages(conversation_id);
    const rows = messages.map(({ created_at: _, ...row }) => row).sort((a, b) => b.is_user_author - a.is_user_author);
    equal(rows, [{
      ...{ ...common, id: user_message_id, content: "Begin\r\nhere ", is_user_author: true, parent_id: null },
      ...{ stream_id: null, bot_id: null, finish_reason: null, usage: null },
    }, {
      ...{ ...common, id: last.message_id, content: "Once upon a time.", is_user_author: false },
      ...{ parent_id: user_message_id, stream_id, bot_id: author.botId, finish_reason: "stop", usage: USAGE },
    }]);
    equal(await author.rest("conversations?select=id,user_id,bot_id,active_message_id"), [
      { id: conversation_id, user_id: author.user.id, bot_id: author.botId, active_message_id: last.message_id },
    ]);
  },
}, {
  title: "an answer without text is no message",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers());
    const { start, end, last } = await author.generate({ prompt: "Begin" });
    equal([end, last.message_id, last.finish_reason], ["done", null, "stop"]);
    equal((await author.messages(start.conversation_id)).map(({ id }) => id), [start.user_message_id]);
    equal((await author.conversation(start.conversation_id)).active_message_id, start.user_message_id);
  },
}, {
  title: "healthz says that the worker runs, and with ?ready that the database answers it",
  async run(target) {
    for (const worker of target.workers) {
      for (const query of ["", "?ready", "?ready=1"]) {
        const response = await fetch(`${worker}/healthz${query}`);
        const headers = ["content-type", "cache-control"].map((name) => response.headers.get(name));
        equal([response.status, ...headers], [200, "application/json; charset=utf-8", "no-store"]);
        equal(await response.text(), JSON.stringify({ status: "ok", version: VERSION }));
      }
    }
  },
}];
