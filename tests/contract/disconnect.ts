/** A client that disconnects: under "stop" nothing is paid for that has no reader, under "continue" it goes on. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor, newRunning } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import type { Target } from "../../testkit/people.ts";
import { type ScriptedProvider, waits } from "../../testkit/provider.ts";
import { readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** A generation that has said "Once ". */
async function givenRunning(target: Target, provider: ScriptedProvider, on_disconnect?: string) {
  const running = await newRunning(target, provider, { text: "Once ", on_disconnect });
  const stored = () => eventually("the text is stored", () => running.stored(running.stream_id));
  return { ...running, stored };
}

export const disconnect: Scenario[] = [undefined, "stop"].map((on_disconnect) => ({
  title: `a client that disconnects ends the generation, with on_disconnect ${on_disconnect ?? "absent"}`,
  async run(target, provider) {
    const running = await givenRunning(target, provider, on_disconnect);
    await running.reader.leave();
    await running.call.closed;
    equal(running.openCalls(), 0);
    const { conversation_id, user_message_id } = JSON.parse(running.reader.events[0].data);
    const { content, is_complete, finish_reason, parent_id } = await running.stored();
    equal([content, is_complete, finish_reason, parent_id], ["Once ", false, "disconnected", user_message_id]);
    equal((await running.messages(conversation_id)).length, 2);
  },
}));

disconnect.push({
  title: "a client that disconnects before the first token leaves its prompt and no answer",
  async run(target, provider) {
    const author = await newAuthor(target, provider, waits);
    const reader = await author.open({ prompt: "Begin" });
    await reader.until("start");
    const call = await author.called();
    await reader.leave();
    await call.closed;
    const { conversation_id, user_message_id } = JSON.parse(reader.events[0].data);
    equal((await author.messages(conversation_id)).map(({ id }) => id), [user_message_id]);
  },
}, {
  title: "under continue the generation goes on without any client, and its message is whole",
  async run(target, provider) {
    const running = await givenRunning(target, provider, "continue");
    await running.reader.leave();
    // More than the worker could write without noticing that it has no reader.
    const more = Array.from({ length: 20 }, (_, index) => `upon ${index} `);
    for (const text of more) await running.call.token(text);
    equal(running.openCalls(), 1);
    await running.call.finish();
    const { id, content, is_complete, finish_reason } = await running.stored();
    equal([content, is_complete, finish_reason], [`Once ${more.join("")}`, true, "stop"]);
    for (const worker of target.workers) {
      const { text, end, last } = await running.replay(running.stream_id, { worker, from: 5 });
      equal([text, end, last.message_id], [more.join(""), "done", id]);
    }
  },
}, {
  title: "under continue a client comes back, on any worker, and misses nothing",
  async run(target, provider) {
    for (const worker of target.workers) {
      const running = await givenRunning(target, provider, "continue");
      await running.reader.leave();
      await running.call.token("upon");
      const back = await running.watch(running.stream_id, { worker, from: 5 });
      await back.untilText("upon");
      await running.call.token(" a time.");
      const [{ text, end }] = await Promise.all([readToEnd(back, 5), running.call.finish()]);
      equal([text, end], ["upon a time.", "done"]);
    }
  },
}, {
  title: "under stop the generation goes on as long as one client of its worker reads it",
  async run(target, provider) {
    const running = await givenRunning(target, provider);
    const second = await running.watch(running.stream_id);
    await second.untilText("Once ");
    await running.reader.leave();
    await running.call.token("upon");
    await second.untilText("upon");
    equal(running.openCalls(), 1);
    await second.leave();
    await running.call.closed;
    equal(running.openCalls(), 0);
    const { id, content, finish_reason } = await running.stored();
    equal([content, finish_reason], ["Once upon", "disconnected"]);
    const { end, last } = await running.replay(running.stream_id);
    equal([end, last.finish_reason, last.is_complete, last.message_id], ["done", "disconnected", false, id]);
  },
});
