/** Memories: what a story has told before, in short, in place of its text; written by the bot or by hand. */

import { MEMORY_TASK } from "../../supabase/functions/_relay/generation/memory.ts";
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { scrape } from "../../testkit/metrics.ts";
import type { Target } from "../../testkit/people.ts";
import { answers, refuses, type Script, type ScriptedProvider } from "../../testkit/provider.ts";
import type { Scenario } from "./scenario.ts";
import { insertStory } from "./window.ts";

/** Of 1,000 tokens 810 are for the context, 2,430 bytes; a memory is due with 0.7 of them. */
const REMEMBERS = { context_tokens: 1_000, reply_tokens: 100, memory: true };
const ANSWER = "Once.".padEnd(600, ".");

/** A story "p1", "a1", "p2", "a2" of 300 bytes each; `memory` plays what is asked for a memory, in turn. */
async function givenStory(target: Target, provider: ScriptedProvider, bot = {}, ...memory: Script[]) {
  const isTask = ({ body }: { body: { messages: { content: string }[] } }) =>
    body.messages.at(-1)!.content.endsWith(MEMORY_TASK);
  let asked = 0;
  const script: Script = (call) => (isTask(call) ? memory[asked++] ?? memory.at(-1)! : answers(ANSWER))(call);
  const author = await newAuthor(target, provider, script, bot);
  const { conversation_id, ids } = await insertStory(author, 2, 300);
  const add = async (content: string, parent_id: string | null, is_user_author: boolean) =>
    await author.insert("messages", { conversation_id, parent_id, content: content.padEnd(300), is_user_author });
  const said = (messages: { role: string; content: string }[]) =>
    messages.map(({ role, content }) => `${role[0]}:${content.trim().split("\n").at(-1)!.slice(0, 9)}`);
  return {
    ...author,
    add,
    conversation_id,
    ids,
    memories: () => author.rest("memories?select=message_id,user_id,content&order=content"),
    write: (message_id: string, content: string) =>
      author.rest("memories", { method: "POST", body: { message_id, user_id: author.user.id, content } }),
    tasks: () => author.calls().filter(isTask),
    answered: () => author.calls().filter((call) => !isTask(call)),
    /** What an answer to a message would be, or is, sent; the prompt included. */
    async sent(parent_id: string) {
      const { start } = await author.generate({ prompt: "!", conversation_id, parent_id });
      return [start.context.memory, ...said(author.calls().filter((call) => !isTask(call)).at(-1)!.body.messages)];
    },
  };
}

export const memories: Scenario[] = [{
  title: "before a story outgrows the window its beginning is told in short, in the background, and sent in its place",
  async run(target, provider) {
    const story = await givenStory(target, provider, REMEMBERS, answers("They ", "met."));
    const { ids, memories, tasks, answered, conversation_id, ...author } = story;
    const before = await scrape(target.workers[0]);
    const { start, last } = await author.generate({ prompt: "p3", conversation_id });
    equal([start.context, last.finish_reason], [{ messages: 5, left_out: 0, memory: null }, "stop"]);
    await eventually("the memory is there", async () => (await memories()).length === 1);
    equal(await memories(), [{ message_id: ids[1], user_id: author.user.id, content: "They met." }]);
    equal((await author.messages(conversation_id)).length, 6);
    equal(tasks()[0].body.messages.map(({ role }: { role: string }) => role), ["user", "assistant", "user"]);

    const next = await author.generate({ prompt: "p4", conversation_id });
    equal(next.start.context, { messages: 5, left_out: 2, memory: ids[1] });
    const { messages } = answered().at(-1)!.body;
    equal(messages.map(({ role }: { role: string }) => role), [
      "system",
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
    ]);
    ok(messages[0].content.endsWith("\n\nThey met."));
    for (const worker of target.workers) {
      equal((await author.replay(next.start.stream_id, { worker })).start, next.start);
    }
    const after = await scrape(target.workers[0]);
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    ok(grown("memories_started_total") >= 1 && grown('memories_ended_total{outcome="completed"}') >= 1);
  },
}, {
  title: "each branch of a tree has its own nearest memory; it is mended, deleted, and not known above",
  async run(target, provider) {
    const { add, ids: [p1, a1, p2, a2], sent, write, ...author } = await givenStory(target, provider);
    const b2 = await add("b2", p2, false);
    const c1 = await add("c1", p1, false);
    await write(a1, "M1");
    await write(b2, "M2");
    equal(await sent(a2), [a1, "s:M1", "u:p2", "a:a2", "u:!"]);
    equal(await sent(b2), [b2, "s:M2", "u:!"]);
    equal(await sent(c1), [null, "u:p1", "a:c1", "u:!"]);
    const of = (id: string) => `memories?message_id=eq.${id}`;
    await author.rest(of(b2), { method: "PATCH", body: { content: "Mended" } });
    equal(await sent(b2), [b2, "s:Mended", "u:!"]);
    await author.rest(of(b2), { method: "DELETE" });
    equal(await sent(b2), [a1, "s:M1", "u:p2", "a:b2", "u:!"]);
  },
}, {
  title: "what is written anew above a memory knows nothing of it, and a message that is deleted takes its own along",
  async run(target, provider) {
    const { ids: [, a1, , a2], memories, write, ...author } = await givenStory(target, provider);
    await write(a1, "M1");
    const above = await author.generate({ reroll_of: a1 });
    equal(above.start.context, { messages: 1, left_out: 0, memory: null });
    const below = await author.generate({ reroll_of: a2 });
    equal(below.start.context, { messages: 1, left_out: 2, memory: a1 });
    const preview = await (await author.ask({ prompt: "!", parent_id: a2, preview: true })).json();
    equal([preview.memory, preview.left_out], [{ message_id: a1, characters: 2 }, 2]);
    equal(preview.messages.map(({ role }: { role: string }) => role), ["system", "user", "assistant", "user"]);
    await author.rest(`messages?id=eq.${a1}`, { method: "DELETE" });
    equal(await memories(), []);
  },
}, {
  title: "a memory that fails leaves nothing, and is asked for again after the next answer",
  async run(target, provider) {
    const failing = refuses(500, { error: { message: "No" } });
    const { memories, tasks, conversation_id, ...author } = await givenStory(
      target,
      provider,
      REMEMBERS,
      failing,
      answers("They met."),
    );
    await author.generate({ prompt: "p3", conversation_id });
    await eventually("the first one has failed", () => tasks().length === 1 && tasks()[0].over);
    await author.generate({ prompt: "p4", conversation_id });
    await eventually("the memory is there", async () => (await memories()).length === 1);
    equal(tasks().length, 2);
    equal((await author.messages(conversation_id)).length, 8);
  },
}, {
  title: "while a memory is written the conversation is free, and the memory is none of its streams",
  async run(target, provider) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { memories, tasks, conversation_id, ...author } = await givenStory(
      target,
      provider,
      REMEMBERS,
      async (call) => {
        await call.token("They ");
        await promise;
        await answers("met.")(call);
      },
    );
    await author.generate({ prompt: "p3", conversation_id });
    await eventually("it has begun", () => tasks().length === 1);
    for (const worker of target.workers) {
      equal((await author.getRunning(conversation_id, { worker })).status, 204);
    }
    equal((await author.generate({ prompt: "p4", conversation_id })).end, "done");
    equal(tasks().length, 1);
    resolve();
    await eventually("the memory is there", async () => (await memories()).length === 1);
    equal((await memories())[0].content, "They met.");
  },
}];
