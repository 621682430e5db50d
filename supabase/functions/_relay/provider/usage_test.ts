import assert from "node:assert/strict";
import type { Usage } from "../protocol/events.ts";
import { withUsage } from "./usage.ts";

const COUNTS = { prompt_tokens: 30, completion_tokens: 9, total_tokens: 39 };

/** What is known after these reports. */
const after = (...reports: unknown[]) => reports.reduce<Usage | null>(withUsage, null);

Deno.test("cached and reasoning tokens are read wherever providers report them", () => {
  const cached: [string, unknown][] = [
    ["OpenAI", { ...COUNTS, prompt_tokens_details: { cached_tokens: 20, audio_tokens: 0 } }],
    ["Responses through a gateway", { ...COUNTS, input_tokens_details: { cached_tokens: 20 } }],
    ["DeepSeek", { ...COUNTS, prompt_cache_hit_tokens: 20, prompt_cache_miss_tokens: 10 }],
    ["Moonshot", { ...COUNTS, cached_tokens: 20 }],
    ["LiteLLM", { ...COUNTS, cache_read_input_tokens: 20, cache_creation_input_tokens: 5 }],
  ];
  for (const [who, report] of cached) assert.deepEqual(after(report), { ...COUNTS, cached_tokens: 20 }, who);
  const reasoning: [string, unknown][] = [
    ["OpenAI", { ...COUNTS, completion_tokens_details: { reasoning_tokens: 4 } }],
    ["Responses through a gateway", { ...COUNTS, output_tokens_details: { reasoning_tokens: 4 } }],
    ["Perplexity", { ...COUNTS, reasoning_tokens: 4 }],
  ];
  for (const [who, report] of reasoning) assert.deepEqual(after(report), { ...COUNTS, reasoning_tokens: 4 }, who);
});

Deno.test("reasoning that a provider counts outside of the completion is added to it once", () => {
  const report = { ...COUNTS, total_tokens: 43, completion_tokens_details: { reasoning_tokens: 4 } };
  const wanted = { prompt_tokens: 30, completion_tokens: 13, total_tokens: 43, reasoning_tokens: 4 };
  assert.deepEqual(after(report), wanted);
  assert.deepEqual(after(report, report), wanted);
  assert.deepEqual(after(report, { prompt_tokens: 30 }), wanted);
});

Deno.test("a report in every chunk, or twice, is what it is so far, not more each time", () => {
  const parts = Array.from({ length: 9 }, (_, index) => ({
    prompt_tokens: 30,
    completion_tokens: index + 1,
    total_tokens: 31 + index,
    prompt_tokens_details: { cached_tokens: 20 },
    completion_tokens_details: { reasoning_tokens: Math.min(index, 4) },
  }));
  const wanted = { ...COUNTS, cached_tokens: 20, reasoning_tokens: 4 };
  assert.deepEqual(after(...parts), wanted);
  assert.deepEqual(after(...parts, parts[8], {}, { prompt_tokens: null }, { total_tokens: 0 }), wanted);
  // The last one without details.
  assert.deepEqual(after(...parts, COUNTS), wanted);
});

Deno.test("counts and details that are not numbers are ignored", () => {
  for (const cached_tokens of [-1, 1.5, "7", null, 2 ** 31, {}]) {
    assert.deepEqual(after({ ...COUNTS, prompt_tokens_details: { cached_tokens } }), COUNTS);
  }
  for (const prompt_tokens_details of [null, "none", 7, [], [20]]) {
    assert.deepEqual(after({ ...COUNTS, prompt_tokens_details, completion_tokens_details: null }), COUNTS);
  }
  assert.deepEqual(after({ cached_tokens: 5 }), null);
  for (const prompt_tokens of [-1, 1.5, "7", null, 2 ** 31, 1e300]) {
    const wanted = { prompt_tokens: null, completion_tokens: 2 ** 31 - 1, total_tokens: null };
    assert.deepEqual(after({ prompt_tokens, completion_tokens: 2 ** 31 - 1 }), wanted);
  }
});
