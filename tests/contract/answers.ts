/** What a client sees of an answer: the same, whichever API the provider speaks. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { BOT_KEY, rest, type Target } from "../../testkit/people.ts";
import { type Failure, refusesFor, type Script, type ScriptedProvider, USAGE } from "../../testkit/provider.ts";
import { STATUSES } from "../../testkit/apis.ts";
import type { Scenario } from "./scenario.ts";

/** What is said of each failure, and what a client gets. The words about a key stay with the relay. */
const FAILURES: [failure: Failure, said: string, code: string, retryable: boolean][] = [
  ["overloaded", "The model is overloaded", "provider_error", true],
  ["rate_limit", "Slow down", "provider_rate_limited", true],
  ["key", `Incorrect API key provided: ${BOT_KEY}`, "provider_auth", false],
  ["window", "prompt is too long: 9000 tokens > 8192 maximum", "context_exceeded", false],
  ["refused", "Your prompt was flagged by moderation", "provider_refused", false],
];

/** Plays a script for each failure; gives what came of each. */
async function failEach(target: Target, provider: ScriptedProvider, play: (failure: Failure, said: string) => Script) {
  const ends = [];
  for (const [failure, said] of FAILURES) {
    const author = await newAuthor(target, provider, play(failure, said));
    const { response, events, text, last, start } = await author.generate({ prompt: "Begin" });
    equal(response.status, 200);
    ok(!JSON.stringify(events).includes(BOT_KEY.slice(-8)), failure);
    const { stream_id, message_id, ...error } = last;
    equal(stream_id, start.stream_id);
    ends.push({ events: events.map(({ event }) => event), text, error, stored: await storedOf(author, stream_id) });
    equal(message_id === null, ends.at(-1)!.stored === null);
  }
  return ends;
}

async function storedOf(author: Author, streamId: string) {
  const message = await author.stored(streamId);
  return message === undefined ? null : [message.content, message.is_complete, message.finish_reason];
}

export const answersOfAnyApi: Scenario[] = [{
  title: "reasoning, text, the end and the tokens come in the same events",
  async run(target, provider) {
    const author = await newAuthor(target, provider, async (call) => {
      await call.think("Hm. ");
      await call.think("Well.");
      await call.token("Once ");
      await call.token('"upon" a\ntime');
      await call.token(".");
      await call.finish();
    }, { system_prompt: "Be brief." });
    const { events, start, last, text } = await author.generate({ prompt: "Begin" });
    const said = (name: string) => events.filter(({ event }) => event === name).map(({ data }) => data).join("");
    equal([text, said("reasoning")], ['Once "upon" a\ntime.', "Hm. Well."]);
    const order = events.map(({ event }) => event).filter((name, index, all) => name !== all[index - 1]);
    equal(order, ["start", "reasoning", "token", "done"]);
    const { id, ...message } = await author.stored(start.stream_id);
    const answered = { bot_id: author.botId, model: "test-model" };
    const end = { message_id: id, is_complete: true, finish_reason: "stop", usage: USAGE };
    equal(last, { stream_id: start.stream_id, ...end, ...answered });
    equal([message.content, message.usage], [text, USAGE]);
    const [call] = author.calls();
    equal(call.messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "Begin" }]);
    equal(call.api, target.api ?? "chat_completions");
    const [{ api }] = await rest(target, author.user, `bots?id=eq.${author.botId}&select=api`);
    equal(api, call.api);
  },
}, {
  title: "an answer that its limit or a filter has cut off ends with the same words",
  async run(target, provider) {
    for (const reason of ["length", "content_filter"]) {
      const author = await newAuthor(target, provider, async (call) => {
        await call.token("Once");
        await call.finish(reason);
      });
      const { end, text, last } = await author.generate({ prompt: "Begin" });
      equal([end, text, last.is_complete, last.finish_reason], ["done", "Once", true, reason]);
    }
  },
}, {
  title: "a provider that refuses is the same error, whatever it says",
  async run(target, provider) {
    const ends = await failEach(target, provider, (failure, said) => refusesFor(failure, said));
    equal(
      ends,
      FAILURES.map(([failure, said, code, retryable]) => ({
        events: ["start", "error"],
        text: "",
        error: {
          code,
          retryable,
          message: code === "provider_auth"
            ? "The provider refused the key of this bot with status 401"
            : `The provider refused the request with status ${STATUSES[failure]}: "${said}"`,
        },
        stored: null,
      })),
    );
  },
}, {
  title: "a provider that fails within its answer is the same error, and the text so far is kept",
  async run(target, provider) {
    for (const begun of [false, true]) {
      const ends = await failEach(target, provider, (failure, said) => async (call) => {
        if (begun) await call.token("Once");
        await call.fail(failure, said);
      });
      const where = begun ? "The provider failed in the middle of the stream" : "The provider answered with an error";
      equal(
        ends,
        FAILURES.map(([, said, code, retryable]) => ({
          events: ["start", ...begun ? ["token"] : [], "error"],
          text: begun ? "Once" : "",
          error: {
            code,
            retryable,
            message: code === "provider_auth" ? "The provider refused the key of this bot" : `${where}: "${said}"`,
          },
          stored: begun ? ["Once", false, "error"] : null,
        })),
      );
    }
  },
}, {
  title: "an answer that ends without a word for its end is broken, also where it ends cleanly",
  async run(target, provider) {
    const author = await newAuthor(target, provider, async (call) => {
      await call.token("Once");
      call.end();
    });
    const { text, last, start } = await author.generate({ prompt: "Begin" });
    equal([text, last.code, last.retryable], ["Once", "provider_bad_response", true]);
    equal(last.message, "The provider closed the stream without a finish reason");
    equal(await storedOf(author, start.stream_id), ["Once", false, "error"]);
  },
}, {
  title: "a bot's settings reach the provider: its temperature, its limit, and its params as they are",
  async run(target, provider) {
    const params = { seed: 7 };
    const bot = { temperature: 0.5, reply_tokens: 99, params };
    const author = await newAuthor(target, provider, undefined, bot);
    await author.generate({ prompt: "Begin" });
    const { body } = author.calls()[0];
    const { temperature, seed, ...fields } = body.generationConfig ?? body;
    equal([temperature, seed], [0.5, 7]);
    equal(fields.max_tokens ?? fields.max_output_tokens ?? fields.maxOutputTokens, 99);
  },
}];
