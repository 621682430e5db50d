/** What a reader sees where a bot's provider is down and the bot has a fallback. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { BOT_KEY } from "../../testkit/people.ts";
import { answers, hangs, hangsUp, refuses, repeats, type Script, stalls, USAGE } from "../../testkit/provider.ts";
import { readEvents, readToEnd } from "../../testkit/reader.ts";
import type { Worker } from "../../testkit/workers.ts";
import { botAt, closedPort, expectAlive, expectQuiet, type FaultStack, PROMPT, type Scenario } from "./fault_stack.ts";

const STORY = "The fox waits.";

/** A bot whose provider is at the first URL, with a fallback whose provider plays the script. */
async function givenChain(on: FaultStack, url: string, script: Script = answers("The fox", " waits.")) {
  const fallbackUrl = on.stack.provider.script(script);
  const [bot_id, fallback_bot_id] = [await botAt(on, url), await botAt(on, fallbackUrl)];
  await on.client.rest("bot_fallbacks", { method: "POST", body: { bot_id, position: 1, fallback_bot_id } });
  return { url, fallbackUrl, bot_id, fallback_bot_id };
}

type Chain = Awaited<ReturnType<typeof givenChain>>;

/** Asks the bot, and reads to the end. */
async function tell({ client }: FaultStack, { bot_id }: Chain, worker: Worker) {
  return await readToEnd(readEvents(await client.ask({ prompt: PROMPT, bot_id }, { worker: worker.url })));
}

const callsOf = ({ stack }: FaultStack, url: string) => stack.provider.calls(url).length;

/** The story is that of one bot alone, for this reader, in the database, and for one on another worker. */
async function expectStory(on: FaultStack, ended: Awaited<ReturnType<typeof tell>>, botId: string, other: Worker) {
  const { text, last, start } = ended;
  equal([text, last.bot_id, last.usage, last.is_complete], [STORY, botId, USAGE, true]);
  const { content, bot_id, usage } = await on.client.stored(start.stream_id);
  equal([content, bot_id, usage], [STORY, botId, USAGE]);
  const replayed = await on.client.replay(start.stream_id, { worker: other.url });
  equal([replayed.text, replayed.last], [text, last]);
}

const refusal = (status: number) => (on: FaultStack) =>
  on.stack.provider.script(refuses(status, { error: { message: "Down" } }));

const DOWN: [what: string, at: (on: FaultStack) => string, code: string, worker?: "main" | "hasty"][] = [
  ["does not listen", () => closedPort(), "provider_error"],
  ["hangs up", (on) => on.stack.provider.socket(hangsUp), "provider_error"],
  ["answers 500", refusal(500), "provider_error"],
  ["answers 503", refusal(503), "provider_error"],
  ["answers 429", refusal(429), "provider_rate_limited"],
  ["refuses the key", refusal(401), "provider_auth"],
  ["is of a base URL that is not allowed", () => "ftp://127.0.0.1/v1", "provider_not_allowed"],
  ["answers empty", (on) => on.stack.provider.script(answers()), "provider_bad_response"],
  [
    "breaks off before a text",
    (on) => on.stack.provider.script((call) => Promise.resolve(call.end())),
    "provider_bad_response",
  ],
  ["hangs", (on) => on.stack.provider.socket(hangs), "provider_timeout", "hasty"],
  [
    "is slow to its first token",
    (on) => on.stack.provider.script(repeats(": loading\n\n", 50)),
    "provider_timeout",
    "hasty",
  ],
];

/** Each with a reader that sees a story all the same. */
export const fallbacks: Scenario[] = [
  ...DOWN.map(([what, at, code, worker = "main"]): Scenario => ({
    title: `behind a provider that ${what} a reader sees the fallback's story`,
    async run(on) {
      const chain = await givenChain(on, at(on));
      const ended = await tell(on, chain, on[worker]);
      await expectStory(on, ended, chain.fallback_bot_id, on[worker === "main" ? "hasty" : "main"]);
      const [call] = on.stack.provider.calls(chain.fallbackUrl);
      equal([call.body.messages.at(-1).content, call.headers.get("authorization")], [PROMPT, `Bearer ${BOT_KEY}`]);
      equal(callsOf(on, chain.fallbackUrl), 1);
      const { stream_id } = ended.start;
      const lines = await eventually("the log says so", () => {
        const all = on[worker].lines().filter((line) => line.stream_id === stream_id);
        return all.some(({ event }) => event === "generation_finished") ? all : undefined;
      });
      const seen = lines.map(({ event, bot_id, code, tries }) => [event, bot_id, code, tries]);
      equal(seen, [
        ["generation_started", chain.bot_id, undefined, undefined],
        ["try_failed", chain.bot_id, code, 1],
        ["generation_finished", chain.fallback_bot_id, undefined, 2],
      ]);
      await eventually("no request is open", () => on.stack.provider.open(chain.fallbackUrl) === 0);
      expectQuiet(on, on[worker]);
      await expectAlive(on, on[worker]);
    },
  })),
  {
    title: "a provider that hangs in the text is followed by no fallback",
    async run(on) {
      const chain = await givenChain(on, on.stack.provider.script(stalls("Once")));
      const { text, last } = await tell(on, chain, on.hasty);
      equal([text, last.code, callsOf(on, chain.fallbackUrl)], ["Once", "provider_timeout", 0]);
    },
  },
  {
    title: "where all of a chain fail, the reader gets the last failure",
    async run(on) {
      const chain = await givenChain(on, closedPort(), refuses(429, { error: { message: "Slow down" } }));
      const { text, last } = await tell(on, chain, on.main);
      equal([text, last.code], ["", "provider_rate_limited"]);
      ok(last.message.endsWith('"Slow down"'), last.message);
    },
  },
  {
    title: "a provider that fails five times rests for all workers, and costs no reader a request more",
    async run(on) {
      const chain = await givenChain(on, refusal(500)(on));
      for (let index = 0; index < 8; index++) {
        const [worker, other] = index % 2 === 0 ? [on.main, on.hasty] : [on.hasty, on.main];
        await expectStory(on, await tell(on, chain, worker), chain.fallback_bot_id, other);
      }
      equal([callsOf(on, chain.url), callsOf(on, chain.fallbackUrl)], [5, 8]);
    },
  },
  {
    title: "a provider that refuses one request in two does not rest, and each reader sees one story",
    async run(on) {
      let asked = 0;
      const story = answers("The fox", " waits.");
      const url = on.stack.provider.script((call) =>
        asked++ % 2 === 1 ? Response.json({ error: { message: "Down" } }, { status: 500 }) : story(call)
      );
      const chain = await givenChain(on, url);
      for (let index = 0; index < 12; index++) {
        const botId = index % 2 === 0 ? chain.bot_id : chain.fallback_bot_id;
        await expectStory(on, await tell(on, chain, [on.main, on.hasty][index % 2]), botId, on.main);
      }
      equal([callsOf(on, chain.url), callsOf(on, chain.fallbackUrl)], [12, 6]);
    },
  },
];
