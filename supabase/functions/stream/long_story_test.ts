/** A story that goes on and on with a model of 8,000 tokens. */

import assert from "node:assert/strict";
import { createDatabase, type Database } from "../_relay/database/database.ts";
import type { Ending } from "../_relay/database/finish.ts";
import { endingOf, EndReason } from "../_relay/generation/ending.ts";
import { providerCall } from "../_relay/generation/run.ts";
import { ProviderRefusal, toProviderError } from "../_relay/provider/errors.ts";
import { bodyOf } from "../_relay/provider/chat_completions/request.ts";
import type { ContextMessage } from "../_relay/provider/provider.ts";
import { makeAdmitted, makeCaller } from "../_relay/testing/generation.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRandom, makeText, type Random } from "../_relay/testing/split.ts";
import { startSql } from "../_relay/testing/sql.ts";

const WINDOW = 8_000;
const TURNS = 150;
const BASE_URL = new URL("https://provider.test/v1");
const sql = await startSql();

/** Its own tokens: Latin words by five letters, other letters by two or one, numbers by three, signs alone. */
function tokensOf(messages: ContextMessage[]): number {
  let tokens = 3;
  for (const { content } of messages) {
    tokens += 4;
    for (const [word] of content.matchAll(/[a-z]+|[а-я]+|\d+|\s+|./giu)) {
      if (/^[a-z]/i.test(word)) tokens += Math.ceil(word.length / 5);
      else if (/^[а-я]/i.test(word)) tokens += Math.ceil(word.length / 2.5);
      else if (/^\d/.test(word)) tokens += Math.ceil(word.length / 3);
      else if (/^\p{Emoji_Presentation}/u.test(word)) tokens += 3;
      else if (!/^ $/.test(word)) tokens += 1;
    }
  }
  return tokens;
}

/** A story changes its language, and some of its turns are tables of numbers. */
const LANGUAGES = [
  ["The ", "fox ", "went ", "home, ", "and ", "everybody ", "slept. ", "\n\n"],
  ["Лиса ", "пошла ", "домой, ", "и ", "все ", "уснули. "],
  ["狐狸", "回家了", "，", "大家", "都", "睡着了", "。"],
  ["12 ", "4,096 ", "| ", "0.75 ", "🦊", "🐉 ", "{x: 1}"],
];

interface Story {
  /** The turns whose request was refused for its length. */
  refused: number[];
  /** What a request has in common with the one before, from the start, as a share of it. */
  shared: number[];
  leftOut: number;
}

/** Each turn is a prompt and an answer; the provider counts and refuses, in words with or without numbers. */
async function play(
  { database, user }: { database: Database; user: string },
  turns: number,
  random: Random,
  refusal: (tokens: number) => string,
): Promise<Story> {
  const story: Story = { refused: [], shared: [], leftOut: 0 };
  let conversation_id: string | undefined;
  let before = "";
  for (let turn = 0; turn < turns; turn++) {
    const words = LANGUAGES[Math.floor(turn / 35) % LANGUAGES.length];
    const prompt = makeText(words, 1 + random(60), random);
    const [streamId, fence] = [crypto.randomUUID(), crypto.randomUUID()];
    const request = { prompt, conversation_id, on_disconnect: "stop" } as const;
    const bounds = { maxContext: 4_000_000, maxRoom: 4_000_000 };
    const answer = await database.begin({ ...makeCaller(user), streamId, fence, request, ...bounds });
    assert.ok("admission" in answer, JSON.stringify(answer));
    const { admission } = answer;
    conversation_id = String(admission.conversation_id);
    story.leftOut = admission.left_out!;
    const body = bodyOf(providerCall(makeAdmitted({ admission, request }), BASE_URL));
    const messages = body.messages as ContextMessage[];
    const tokens = tokensOf(messages);
    const isTooLong = tokens + Number(body.max_tokens ?? 0) > WINDOW;
    let text = makeText(words, 20 + random(300), random);
    let ending: Ending;
    if (isTooLong) {
      story.refused.push(turn);
      text = "";
      const error = toProviderError(new ProviderRefusal(400, JSON.stringify({ error: refusal(tokens) })), () => null);
      assert.equal(error.code, "context_exceeded");
      ending = endingOf(new EndReason("failed", error));
    } else {
      const completion_tokens = tokensOf([{ role: "assistant", content: text }]);
      const usage = { prompt_tokens: tokens, completion_tokens, total_tokens: tokens + completion_tokens };
      const done = { status: "completed", finishReason: "stop", errorCode: null } as const;
      ending = { ...done, usage, firstTokenMs: null, overheadMs: null };
      const sent = JSON.stringify(messages);
      let common = 0;
      while (common < before.length && before[common] === sent[common]) common++;
      if (before !== "") story.shared.push(common / sent.length);
      before = sent;
    }
    await database.finish(streamId, fence, ending, { storedUnits: 0, from: (at) => text.slice(at) }, {
      units: 0,
      toOthers: 0,
    });
  }
  return story;
}

async function begin(bot: Record<string, unknown>) {
  const user = await sql.addUser();
  // Each story is with a model that no other has taught anything of.
  const columns = Object.entries({ model: user, system_prompt: "You tell one long story.", ...bot });
  const set = columns.map(([name], index) => `${name} = $${index + 2}`).join(", ");
  await sql.query(`update public.bots set ${set} where user_id = $1`, [user, ...columns.map(([, value]) => value)]);
  const platform = makePlatform({ configuration: { rateLimitPerMinute: 1_000_000, maxConcurrent: 9 } });
  return { database: createDatabase(platform, sql.rpc), user };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

Deno.test("a story does not outgrow a window that is known, and neighbouring requests begin alike", async () => {
  const bot = await begin({ context_tokens: WINDOW, reply_tokens: 1_500 });
  const story = await play(bot, TURNS, makeRandom(8), () => "Input is too long for requested model.");
  assert.deepEqual(story.refused.filter((turn) => turn >= 20), []);
  assert.ok(median(story.shared) > 0.7, `${median(story.shared)}`);
  assert.ok(story.leftOut > TURNS);
});

Deno.test("refusals teach an unknown window, with its number or without, and then nothing is refused", async () => {
  const words: [string, (tokens: number) => string, number][] = [
    ["named", (n) => `This model's maximum context length is ${WINDOW} tokens. However, you requested ${n} tokens.`, 1],
    ["not named", () => "Input is too long for requested model.", 2],
  ];
  for (const [title, refusal, most] of words) {
    const story = await play(await begin({}), Math.ceil(TURNS * 2 / 3), makeRandom(9), refusal);
    assert.ok(story.refused.length >= 1 && story.refused.length <= most, `${title}: ${story.refused}`);
    assert.ok(median(story.shared) > 0.7, `${median(story.shared)}`);
  }
});
