/** What an answer costs, over two workers: in its last event, its message, for readers that come later, and in the days. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { event, type ProviderCall } from "../../testkit/provider.ts";
import type { WorkerRaceTest } from "./worker_race.ts";

const MODEL = "priced-model";
const TEXT = "Once upon a time.";
const COUNTS = { prompt_tokens: 1000, completion_tokens: 40, total_tokens: 1040 };
const DETAILS = {
  prompt_tokens_details: { cached_tokens: 600 },
  completion_tokens_details: { reasoning_tokens: 30 },
};
/** 400 × 2 + 600 × 0.5 + 40 × 10, for a million. */
const BILLED = { ...COUNTS, cached_tokens: 600, reasoning_tokens: 30, cost: 0.0015 };

const chunk = (content: string, usage: unknown = null) =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: null }], usage });
const STOP = event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const LAST = event({ choices: [], usage: { ...COUNTS, ...DETAILS } });
const plays = (...events: string[]) => async (call: ProviderCall) => {
  for (const sent of [...events, event("[DONE]")]) await call.send(sent);
  call.end();
};

/** What a provider sends, and what comes of it. How each API reports is `provider/dialects_test.ts`. */
const REPORTS: [how: string, script: (call: ProviderCall) => Promise<void>, usage: unknown][] = [
  ["at the end", plays(chunk(TEXT), STOP, LAST), BILLED],
  [
    "in each chunk, as it is so far",
    plays(
      ...TEXT.split(" ").map((word, index) =>
        chunk(index === 0 ? word : ` ${word}`, { ...COUNTS, ...DETAILS, completion_tokens: 37 + index })
      ),
      STOP,
      LAST,
    ),
    BILLED,
  ],
  ["never", plays(chunk(TEXT), STOP), null],
];

const DAY = "generations,estimated,prompt_tokens,cached_tokens,completion_tokens,reasoning_tokens,cost";

export const costs: WorkerRaceTest[] = [{
  title: "what a provider reports, at the end, in each chunk or never, is billed once, and all who ask see it",
  async run({ target, provider, look }) {
    for (const [how, script, usage] of REPORTS) {
      const author = await newAuthor(target, provider, script, { model: MODEL });
      await look(
        `insert into relay.prices (host, model, input, cached_input, output, valid_from)
         values ($1, '${MODEL}', 2, 0.5, 10, '2026-01-01') on conflict do nothing`,
        new URL(author.baseUrl).host,
      );
      const { text, last, start } = await author.generate({ prompt: "Begin" });
      equal([text, last.usage], [TEXT, usage], how);
      const stored = await author.stored(start.stream_id);
      equal(stored.usage, usage, how);
      for (const worker of target.workers) {
        equal((await author.replay(start.stream_id, { worker, from: 5 })).last, last, how);
      }
      // Its message is deleted: the generation's row knows what was reported, and does not show what was estimated.
      await author.rest(`messages?id=eq.${stored.id}`, { method: "DELETE" });
      equal((await author.replay(start.stream_id)).last.usage, usage, how);

      const [day, ...others] = await author.rest(`usage_days?select=day,bot_id,model,${DAY}`);
      equal([day.bot_id, day.model, day.generations, others.length], [author.botId, MODEL, 1, 0], how);
      const [generation] = await look<{ day: string; cost: number }>(
        "select (started_at at time zone 'UTC')::date::text as day, cost::float8 from relay.generations where stream_id = $1",
        start.stream_id,
      );
      equal([day.day, Number(day.cost), day.estimated], [generation.day, generation.cost, usage === null ? 1 : 0], how);
      equal(usage === null || generation.cost === BILLED.cost, true, how);
      equal(await (await newClient(target)).rest("usage_days?select=day"), [], "another user sees none of it");
    }
  },
}];
