/** A client that leaves: under "stop" nobody goes on paying for what nobody reads, under "continue" it goes on. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { storedMessage } from "../../testkit/target.ts";
import { givenAuthor, messagesOf, open, readFrom, type Scenario, untilText, waits, watch } from "./scenario.ts";

export const disconnect: Scenario[] = [undefined, "stop"].map((on_disconnect) => ({
  title: `a client that leaves ends the generation, with on_disconnect ${on_disconnect ?? "absent"}`,
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin", on_disconnect });
    const call = await provider.called(baseUrl);
    await call.token("Once upon");
    const [start] = await stream.until("token");
    await stream.leave();
    await call.closed;
    equal(provider.open(baseUrl), 0);
    const { stream_id, conversation_id, user_message_id } = JSON.parse(start.data);
    const stored = await eventually("the partial text", () => storedMessage(target, user, stream_id));
    equal([stored.content, stored.is_complete, stored.finish_reason], ["Once upon", false, "disconnected"]);
    equal(stored.parent_id, user_message_id);
    equal((await messagesOf(target, user, conversation_id)).length, 2);
  },
}));

disconnect.push({
  title: "a client that leaves before the first token leaves its prompt behind and no answer",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin" });
    const [start] = await stream.until("start");
    const call = await provider.called(baseUrl);
    await stream.leave();
    await call.closed;
    const { conversation_id, user_message_id } = JSON.parse(start.data);
    const messages = await messagesOf(target, user, conversation_id);
    equal(messages.map(({ id }) => id), [user_message_id]);
  },
});

disconnect.push({
  title: "under continue the generation goes on without any client, and its message is whole",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const stream = await open(target, user, { prompt: "Begin", stream_id, on_disconnect: "continue" });
    const call = await provider.called(baseUrl);
    await call.token("Once ");
    await stream.until("token");
    await stream.leave();
    // More than the worker could write without noticing that nobody is there.
    for (let i = 0; i < 20; i++) await call.token(`upon ${i} `);
    equal(provider.open(baseUrl), 1);
    await call.finish();
    const stored = await eventually("the whole text", () => storedMessage(target, user, stream_id));
    const whole = "Once " +
      Array.from({ length: 20 }, (_, i) => `upon ${i} `).join("");
    equal([stored.content, stored.is_complete, stored.finish_reason], [whole, true, "stop"]);
    for (const worker of target.workers) {
      const reader = await watch(target, user, stream_id, { worker, from: 5 });
      const { text, end, last } = await readFrom(reader, 5);
      equal([text, end, last.message_id], [whole.slice(5), "done", stored.id]);
    }
  },
}, {
  title: "under continue a client comes back, on any worker, and misses nothing",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    for (const [round, worker] of target.workers.entries()) {
      const stream_id = crypto.randomUUID();
      const stream = await open(target, user, { prompt: "Begin", stream_id, on_disconnect: "continue" });
      const call = await provider.called(baseUrl, round + 1);
      await call.token("Once ");
      await stream.until("token");
      await stream.leave();
      await call.token("upon");
      const back = await watch(target, user, stream_id, { worker, from: 5 });
      const seen = await untilText(back, "upon");
      await call.token(" a time.");
      const [{ text, end }] = await Promise.all([readFrom(back, 5, seen), call.finish()]);
      equal([text, end], ["upon a time.", "done"]);
    }
  },
}, {
  title: "under stop the generation goes on as long as one client of its worker reads it",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const first = await open(target, user, { prompt: "Begin", stream_id });
    const call = await provider.called(baseUrl);
    await call.token("Once");
    await first.until("token");
    const second = await watch(target, user, stream_id);
    await untilText(second, "Once");
    await first.leave();
    await call.token(" upon");
    await untilText(second, " upon");
    equal(provider.open(baseUrl), 1);
    await second.leave();
    await call.closed;
    equal(provider.open(baseUrl), 0);
    const stored = await eventually("the partial text", () => storedMessage(target, user, stream_id));
    equal([stored.content, stored.finish_reason], ["Once upon", "disconnected"]);
    const { end, last } = await readFrom(await watch(target, user, stream_id), 0);
    equal([end, last.finish_reason, last.is_complete, last.message_id], ["done", "disconnected", false, stored.id]);
  },
});
