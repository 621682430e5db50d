/** A context keeps to the model's window: what is cut, what start says of it, what is refused, and a preview. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Author, newAuthor } from "../../testkit/author.ts";
import type { Target } from "../../testkit/people.ts";
import { answers, refuses, type Script, type ScriptedProvider } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** Of 1,000 tokens 100 are for the answer and a tenth in reserve: 810, which are 2,430 bytes at first. */
const WINDOW = { context_tokens: 1_000, reply_tokens: 100 };

/** A story of the author's bot: prompts and answers "p1", "a1", "p2", …, each of so many bytes; the last one is active. */
export async function insertStory(author: Author, turns: number, bytes: number) {
  const conversation_id = await author.insert("conversations", { bot_id: author.botId });
  const ids: string[] = [];
  for (let index = 0; index < 2 * turns; index++) {
    const is_user_author = index % 2 === 0;
    const content = `${is_user_author ? "p" : "a"}${Math.floor(index / 2) + 1}`.padEnd(bytes);
    const parent_id = ids.at(-1) ?? null;
    ids.push(await author.insert("messages", { conversation_id, parent_id, content, is_user_author }));
  }
  const body = { active_message_id: ids.at(-1) ?? null };
  await author.rest(`conversations?id=eq.${conversation_id}`, { method: "PATCH", body });
  return { conversation_id, ids };
}

/** One of 400 bytes a message, with a bot of that window. */
async function givenStory(target: Target, provider: ScriptedProvider, turns: number, script?: Script) {
  const author = await newAuthor(target, provider, script ?? answers("Once."), WINDOW);
  const { conversation_id, ids } = await insertStory(author, turns, 400);
  const names = (index: number) =>
    author.calls()[index].body.messages.map(({ content }: { content: string }) => content.trim().slice(0, 9));
  return { ...author, conversation_id, ids, names };
}

export const windows: Scenario[] = [{
  title: "a path that outgrows the window is cut from the oldest, and the next request begins where it began",
  async run(target, provider) {
    const { conversation_id, names, ...author } = await givenStory(target, provider, 6);
    const first = await author.generate({ prompt: "p7", conversation_id });
    equal(names(0), ["p6", "a6", "p7"]);
    equal(first.start.context, { messages: 3, left_out: 10, memory: null });
    const second = await author.generate({ prompt: "p8", conversation_id });
    equal(names(1), ["p6", "a6", "p7", "Once.", "p8"]);
    equal(second.start.context, { messages: 5, left_out: 10, memory: null });
    const { start } = await author.replay(second.start.stream_id, { worker: target.workers.at(-1) });
    equal(start.context, second.start.context);
    equal(author.calls()[0].body.max_tokens, 100);
  },
}, {
  title: "the whole path is sent where it fits, and where no window is known",
  async run(target, provider) {
    const { conversation_id, names, botId, ...author } = await givenStory(target, provider, 2);
    equal((await author.generate({ prompt: "p3", conversation_id })).start.context.left_out, 0);
    equal(names(0), ["p1", "a1", "p2", "a2", "p3"]);
    await author.rest(`bots?id=eq.${botId}`, { method: "PATCH", body: { context_tokens: null, reply_tokens: null } });
    const { start } = await author.generate({ prompt: "p4", conversation_id });
    equal(start.context, { messages: 7, left_out: 0, memory: null });
    equal("max_tokens" in author.calls()[1].body, false);
  },
}, {
  title: "a client's own context is cut as well, at a message of the user's",
  async run(target, provider) {
    const { names, ...author } = await givenStory(target, provider, 0);
    const messages = [...Array(11).keys()].map((index) => ({
      role: index % 2 ? "assistant" : "user",
      content: `m${index}`.padEnd(400),
    }));
    const { start } = await author.generate({ messages });
    equal(names(0), ["m6", "m7", "m8", "m9", "m10"]);
    equal(start.context, { messages: 5, left_out: 6, memory: null });
  },
}, {
  title: "what is continued or answered without a prompt is sent with as much of the story as there is room for",
  async run(target, provider) {
    const { ids, names, ...author } = await givenStory(target, provider, 6);
    const requests = [[{ continue_of: ids[11] }, "Your last"], [{ answer_to: ids[11] }, "Go on."]] as const;
    for (const [index, [request, turn]] of requests.entries()) {
      const preview = await (await author.ask({ ...request, preview: true })).json();
      equal(preview.messages.map(({ role, message_id }: Record<string, unknown>) => [role, message_id]), [
        ["user", ids[10]],
        ["assistant", ids[11]],
        ["user", null],
      ]);
      const { start, last } = await author.generate(request);
      equal(names(index), ["p6", "a6", turn]);
      equal([start.context, preview.left_out], [{ messages: 2, left_out: 10, memory: null }, 10]);
      const replay = await author.replay(last.stream_id, { worker: target.workers.at(-1) });
      equal(replay.start.context, start.context);
    }
  },
}, {
  title: "an answer that the window has no room for cannot be continued, and a preview says so",
  async run(target, provider) {
    const { conversation_id, ids, ...author } = await givenStory(target, provider, 1);
    const content = "x".repeat(7_000);
    const long = await author.insert("messages", {
      conversation_id,
      parent_id: ids[0],
      content,
      is_user_author: false,
    });
    const { message } = await expectRefusal(await author.ask({ continue_of: long }), 413, "context_exceeded");
    ok(message.startsWith("Cannot send the answer that is continued, and its prompt: "), message);
    equal((await (await author.ask({ continue_of: long, preview: true })).json()).fits, false);
    equal(author.calls().length, 0);
  },
}, {
  title: "a prompt that the window has no room for is context_exceeded before the provider is called",
  async run(target, provider) {
    const { conversation_id, ...author } = await givenStory(target, provider, 1);
    const response = await author.ask({ prompt: "x".repeat(7_000), conversation_id });
    const { message } = await expectRefusal(response, 413, "context_exceeded");
    ok(/ about \d+ tokens, and the model reads 1000 at once$/.test(message), message);
    equal([author.calls().length, (await author.messages(conversation_id)).length], [0, 2]);
  },
}, {
  title: "a window that a provider's refusal names is kept to by the next prompt",
  async run(target, provider) {
    let asked = 0;
    const said = "This model's maximum context length is 2048 tokens. However, you requested 2600 tokens.";
    const script: Script = (call) =>
      (asked++ === 0 ? refuses(400, { error: { message: said } }) : answers("Once."))(call);
    const { conversation_id, botId, ...author } = await givenStory(target, provider, 10, script);
    await author.rest(`bots?id=eq.${botId}`, { method: "PATCH", body: { context_tokens: null, reply_tokens: null } });
    const refused = await author.generate({ prompt: "p11", conversation_id });
    equal([refused.last.code, refused.start.context.left_out], ["context_exceeded", 0]);
    const { start, last } = await author.generate({ prompt: "p11", conversation_id });
    equal(last.finish_reason, "stop");
    ok(start.context.left_out > 0);
  },
}, {
  title: "a preview says what would be sent, and why by this bot, and nothing is written or asked for",
  async run(target, provider) {
    const { conversation_id, ids, botId, ...author } = await givenStory(target, provider, 6);
    const before = [await author.conversation(conversation_id), await author.messages(conversation_id)];
    const body = { prompt: "p7 🦊", conversation_id, system: "Be brief", preview: true };
    const responses = await Promise.all(Array.from({ length: 8 }, () => author.ask(body)));
    equal(responses.map(({ status }) => status), responses.map(() => 200));
    const [{ estimated_tokens, ...preview }] = await Promise.all(responses.map((response) => response.json()));
    const sized = (role: string, characters: number, estimated_tokens: number, message_id: string | null) => (
      { role, characters, estimated_tokens, message_id }
    );
    equal(preview, {
      ...{ bot_id: botId, bot_reason: "conversation", model: preview.model, conversation_id, parent_id: ids[11] },
      messages: [
        sized("system", 8, 7, null),
        sized("user", 400, 138, ids[10]),
        sized("assistant", 400, 138, ids[11]),
        sized("user", 4, 7, null),
      ],
      ...{ memory: null, left_out: 10, context_tokens: 1_000, reply_tokens: 100, fits: true },
    });
    ok(Math.abs(estimated_tokens - (7 + 138 + 138 + 7)) <= 3);
    equal([await author.conversation(conversation_id), await author.messages(conversation_id)], before);
    equal(author.calls().length, 0);
    const long = await author.ask({ ...body, prompt: "x".repeat(7_000) });
    equal((await long.json()).fits, false);
    await expectRefusal(
      await author.ask({ ...body, conversation_id: crypto.randomUUID() }),
      404,
      "conversation_not_found",
    );
    equal((await author.generate({ prompt: "p7", conversation_id })).start.context.left_out, preview.left_out);
  },
}];
