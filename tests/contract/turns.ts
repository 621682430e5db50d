/** What a bot says without a prompt: it goes on with an answer, or takes its turn after any message. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { makeBot, type Target } from "../../testkit/people.ts";
import { answers, type Script, type ScriptedProvider, waits } from "../../testkit/provider.ts";
import { expectRefusal, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

const said = (content: string) => ({ role: "user", content });
const answered = (content: string) => ({ role: "assistant", content });

const OLD = "The 🦊 put on her";

/** Ends its first answer with a reason, and then leaves its answers to the test. */
function begins(reason: string): Script {
  let count = 0;
  return async (call) => {
    if (++count > 1) return await call.closed;
    await call.token(OLD);
    if (reason === "length") await call.finish(reason);
    else await call.closed;
  };
}

/** An author whose bot has been cut off after some words. */
async function givenPart(target: Target, provider: ScriptedProvider, reason = "length", bot = {}) {
  const author = await newAuthor(target, provider, begins(reason), bot);
  const reader = await author.open({ prompt: "Tell me of a fox", on_disconnect: "stop" });
  await reader.untilText(OLD);
  if (reason === "cancelled") await (await author.cancel(streamOf(reader))).body?.cancel();
  const first = await readToEnd(reader);
  equal(first.last.finish_reason, reason);
  const { conversation_id } = first.start;
  return {
    ...author,
    first,
    conversation_id,
    old: await author.stored(first.last.stream_id),
    active: async () => (await author.conversation(conversation_id)).active_message_id,
  };
}

const streamOf = ({ response }: { response: Response }) => response.headers.get("x-stream-id")!;

/** Speaks to every worker of the target. */
const everywhere = <T>({ workers }: Target, work: (worker: string) => Promise<T>) => Promise.all(workers.map(work));

/** A fox has answered the user, and a crow the fox. */
async function givenTwoBots(target: Target, provider: ScriptedProvider) {
  const author = await newAuthor(target, provider, answers("I am the fox."), { name: "Fox" });
  const url = provider.script(answers("I am the crow."));
  const crow = { id: await makeBot(target, author.user, url, { name: "Crow" }), calls: () => provider.calls(url) };
  const first = await author.generate({ prompt: "Who is there?", bot_id: author.botId });
  const second = await author.generate({ answer_to: first.last.message_id, bot_id: crow.id });
  return { author, crow, first, second };
}

const goesOn: Scenario[] = ["length", "cancelled"].map((reason) => ({
  title: `what ended with ${reason} is continued as one message, with offsets that hold over the seam on every worker`,
  async run(target, provider) {
    const part = await givenPart(target, provider, reason);
    const { old } = part;
    const reader = await part.open({ continue_of: old.id, on_disconnect: "continue" }, {
      worker: target.workers.at(-1),
    });
    const stream = streamOf(reader);
    const call = await part.called(2);
    const [prompt, before, request] = call.messages;
    equal([prompt, before, request.role], [said("Tell me of a fox"), answered(OLD), "user"]);
    // Before anything new has come.
    const early = await everywhere(target, (worker) => part.watch(stream, { worker, from: 4 }));
    await call.token(" coat");
    await reader.untilText(`${OLD} coat`);
    const late = await everywhere(target, (worker) => part.watch(stream, { worker, from: OLD.length }));
    await call.token(".");
    await call.finish();

    const whole = `${OLD} coat.`;
    const { start, text, events, last } = await readToEnd(reader);
    equal([text, start.parent_id, start.user_message_id], [whole, old.parent_id, null]);
    equal([start.conversation_id, events[1].id, events[1].data], [part.conversation_id, String(OLD.length), OLD]);
    for (const other of early) equal((await readToEnd(other, 4)).text, whole.slice(4));
    for (const other of late) equal((await readToEnd(other, OLD.length)).text, " coat.");
    await everywhere(target, async (worker) => {
      for (const from of [0, 4, OLD.length, whole.length]) {
        equal((await part.replay(stream, { worker, from })).text, whole.slice(from));
      }
    });
    const { id, content, parent_id, is_complete, finish_reason } = await part.stored(stream);
    equal([content, parent_id, is_complete, finish_reason], [whole, old.parent_id, true, "stop"]);
    equal([id, await part.active()], [last.message_id, id]);
    equal(await part.stored(old.stream_id), old);
  },
}));

export const turns: Scenario[] = [...goesOn, {
  title: "a model that takes a prefill goes on from the text itself, and what it repeats of it is cut",
  // OpenAI's Responses begin a new message.
  apis: ["chat_completions", "anthropic_messages", "gemini"],
  async run(target, provider) {
    const part = await givenPart(target, provider, "length", { takes_prefill: true });
    const reader = await part.open({ continue_of: part.old.id });
    const call = await part.called(2);
    equal(call.messages, [said("Tell me of a fox"), answered(OLD)]);
    for (const token of ["🦊 put", " on", " her coat", "."]) await call.token(token);
    await call.finish();
    const { text, last } = await readToEnd(reader);
    equal([text, (await part.stored(last.stream_id)).content], [`${OLD} coat.`, `${OLD} coat.`]);
    equal(await part.rest(`bots?id=eq.${part.botId}&select=takes_prefill`), [{ takes_prefill: true }]);
  },
}, {
  title: "where nothing was added there is no new message, and the old one stays where it is",
  async run(target, provider) {
    const part = await givenPart(target, provider);
    const before = [await part.active(), await part.messages(part.conversation_id)];
    for (const [index, token] of ["", OLD].entries()) {
      const reader = await part.open({ continue_of: part.old.id });
      const call = await part.called(2 + index);
      if (token !== "") await call.token(token);
      await call.finish();
      const { text, last, end } = await readToEnd(reader);
      equal([text, end, last.finish_reason, last.message_id], [OLD, "done", "stop", null]);
      const replayed = await part.replay(last.stream_id);
      equal([replayed.text, replayed.last.message_id], ["", null]);
    }
    equal([await part.active(), await part.messages(part.conversation_id)], before);
  },
}, {
  title: "a part of what was added is kept, and continued in turn",
  async run(target, provider) {
    const part = await givenPart(target, provider);
    const second = await part.open({ continue_of: part.old.id });
    await (await part.called(2)).token(" coat");
    await second.untilText(`${OLD} coat`);
    await (await part.cancel(streamOf(second))).body?.cancel();
    const { last } = await readToEnd(second);
    equal([last.finish_reason, (await part.stored(last.stream_id)).content], ["cancelled", `${OLD} coat`]);
    const third = await part.open({ continue_of: last.message_id, conversation_id: part.conversation_id });
    const call = await part.called(3);
    equal(call.messages[1], answered(`${OLD} coat`));
    await call.token(" and hat.");
    await call.finish();
    equal((await readToEnd(third)).text, `${OLD} coat and hat.`);
    const siblings = (await part.messages(part.conversation_id)).filter(({ parent_id }) => parent_id !== null);
    equal(siblings.map(({ parent_id }) => parent_id), Array(3).fill(part.old.parent_id));
  },
}, {
  title: "the same stream_id again reads the answer that is continued, and continues nothing twice",
  async run(target, provider) {
    const part = await givenPart(target, provider);
    const body = { continue_of: part.old.id, stream_id: crypto.randomUUID(), on_disconnect: "continue" };
    const reader = await part.open(body);
    const call = await part.called(2);
    const again = await everywhere(target, (worker) => part.open(body, { worker }));
    await call.token(" coat.");
    await call.finish();
    for (const one of [reader, ...again]) equal((await readToEnd(one)).text, `${OLD} coat.`);
    await everywhere(target, async (worker) => equal((await part.generate(body, { worker })).text, `${OLD} coat.`));
    equal([part.calls().length, (await part.messages(part.conversation_id)).length], [2, 3]);
  },
}, {
  title: "a user's message, an empty one and one of the greatest length cannot be continued",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const { start, last } = await author.generate({ prompt: "one" });
    const { conversation_id } = start;
    const answer = (content: string) =>
      author.insert("messages", { conversation_id, content, is_user_author: false, parent_id: last.message_id });
    const before = (await author.messages(conversation_id)).length;
    const cases: [string, RegExp][] = [
      [start.user_message_id, /^Must be an answer with a text/],
      [await answer(""), /^Must be an answer with a text/],
      [
        await answer("x".repeat(1_048_576)),
        /^Must be an answer of less than 1048576 UTF-16 units; this one has 1048576$/,
      ],
    ];
    for (const [continue_of, message] of cases) {
      const { issues } = await expectRefusal(await author.ask({ continue_of }), 400, "invalid_request");
      equal(issues.length, 1);
      equal(issues[0].path, "continue_of");
      match(issues[0].message, message);
    }
    equal([author.calls().length, (await author.messages(conversation_id)).length], [1, before + 2]);
  },
}, {
  title: "an answer that was lost is asked for again, without its prompt",
  async run(target, provider) {
    let count = 0;
    const author = await newAuthor(
      target,
      provider,
      (call) => ++count === 1 ? new Response("no", { status: 500 }) : answers("Here.")(call),
    );
    const lost = await author.generate({ prompt: "Where?" });
    equal([lost.end, lost.last.message_id], ["error", null]);
    const prompt = lost.start.user_message_id;
    const { start, last, text } = await author.generate({ answer_to: prompt });
    equal([text, start.parent_id, start.user_message_id], ["Here.", prompt, null]);
    equal(author.calls()[1].messages, [said("Where?")]);
    const { conversation_id } = start;
    equal([conversation_id, (await author.messages(conversation_id)).length], [lost.start.conversation_id, 2]);
    equal((await author.conversation(conversation_id)).active_message_id, last.message_id);
  },
}, {
  title: "another bot takes its turn: what others said is the user's, after their names, and what it said its own",
  async run(target, provider) {
    const { author, crow, first, second } = await givenTwoBots(target, provider);
    equal([second.start.bot_id, second.start.parent_id], [crow.id, first.last.message_id]);
    equal(crow.calls()[0].messages, [said("Who is there?\n\nFox: I am the fox.")]);

    // The conversation's own bot follows, as to a prompt.
    const third = await author.generate({ answer_to: second.last.message_id });
    equal([third.start.bot_id, third.start.conversation_id], [author.botId, first.start.conversation_id]);
    const path = [said("Who is there?"), answered("I am the fox."), said("Crow: I am the crow.")];
    equal(author.calls()[1].messages, path);

    // Where it answers itself a user's turn stands between.
    await author.generate({ answer_to: third.last.message_id });
    equal(author.calls()[2].messages, [...path, answered("I am the fox."), said("Go on.")]);
  },
}, {
  title: "what a bot said is continued by that bot; once it is deleted, its words are those of the bot that answers",
  async run(target, provider) {
    const { author, crow, second } = await givenTwoBots(target, provider);
    const body = { continue_of: second.last.message_id };
    equal((await author.generate(body)).start.bot_id, crow.id);
    const [asked, own, request] = crow.calls()[1].messages;
    equal([asked, own], [said("Who is there?\n\nFox: I am the fox."), answered("I am the crow.")]);
    equal(request.role, "user");

    await author.rest(`bots?id=eq.${crow.id}`, { method: "DELETE" });
    await author.generate({ prompt: "And now?", parent_id: second.last.message_id });
    const [, , now] = author.calls()[1].messages;
    equal([author.calls()[1].messages[1], now], [answered("I am the fox.\n\nI am the crow."), said("And now?")]);
    equal((await author.generate(body)).start.bot_id, author.botId);
  },
}, {
  title: "what is answered or continued is the user's, and in the conversation that is named",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const stranger = await newAuthor(target, provider, waits);
    const { start, last } = await author.generate({ prompt: "one" });
    const elsewhere = await author.generate({ prompt: "two" });
    for (const name of ["continue_of", "answer_to"]) {
      const body = { [name]: last.message_id };
      await expectRefusal(await stranger.ask(body), 404, "message_not_found");
      const { conversation_id } = elsewhere.start;
      await expectRefusal(await author.ask({ ...body, conversation_id }), 404, "message_not_found");
      for (const more of [{ prompt: "a" }, { parent_id: null }, { parent_id: last.message_id }]) {
        const { conversation_id } = start;
        await expectRefusal(await author.ask({ ...body, conversation_id, ...more }), 400, "invalid_request");
      }
    }
    equal([author.calls().length, stranger.calls().length], [2, 0]);
  },
}];
