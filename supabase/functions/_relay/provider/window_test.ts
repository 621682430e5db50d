import assert from "node:assert/strict";
import { readRefusedContext } from "./window.ts";

/** What providers say, the window, and the tokens of the messages. */
const SAID: [said: string, window: number | null, tokens: number | null][] = [
  ["This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", 8192, 9000],
  ["maximum context length is 4097 tokens. However, you requested 5000 tokens (4000 in the messages, …", 4097, 4000],
  ["maximum context length is 32768 tokens. However, you requested … 40000 tokens (39000 of text input", 32768, 39000],
  ["maximum context length is 8192 tokens and your request has 5000 input tokens (4096 > 8192 - 5000).", 8192, 5000],
  ["This model's maximum context length is 2048 tokens", 2048, null],
  ["prompt is too long: 210,000 tokens > 200,000 maximum", 200000, 210000],
  ["input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease", 200000, 190000],
  ["`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 200", 4096, 5000],
  ["`inputs` must have less than 4095 tokens. Given: 5000", 4095, 5000],
  ["The input token count (9000) exceeds the maximum number of tokens allowed (8192).", 8192, 9000],
  ["Prompt contains 9000 tokens, too large for model with 8192 maximum context length", 8192, 9000],
  ["This model's maximum prompt length is 131072 but the request contains 200000 tokens.", 131072, 200000],
  ["Range of input length should be [1, 30720]", 30720, null],
  ["request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096, 5000],
  ["the request exceeds the available context size", null, null],
  ["The prompt is too long: 140000, model maximum context length: 131071", 131071, 140000],
  ["the first 5000 tokens. However, the model is loaded with context length of only 4096 tokens", 4096, null],
  ["Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)", 8192, 9000],
  ["total number of tokens in the prompt cannot exceed 4081 - received 5000.", 4081, 5000],
  ["Please reduce the length of the messages or completion.", null, null],
  ["reduce the length of the messages or completion. Current length is 42328 while limit is 40000", 40000, 42328],
  ["The input (516368 tokens) is longer than the model's context length (262144 tokens).", 262144, 516368],
  ["The prompt (total length 25938) is too long to fit into the model (context length 4096).", 4096, 25938],
  ["The decoder prompt (length 5951) is longer than the maximum model length of 4096.", 4096, 5951],
  [
    "context length of 131072 tokens. You requested a total of 140000 tokens: 132000 tokens from the input messages",
    ...[
      131072,
      132000,
    ] as const,
  ],
  ["you requested 65535 output tokens and your prompt contains at least 62466 input tokens", null, 62466],
  [
    "you requested 4096 output tokens and 200000 characters (more than the upper bound for 28672 input tokens)",
    ...[
      null,
      null,
    ] as const,
  ],
  ["Input length (265330) exceeds model's maximum context length (262144).", 262144, 265330],
  ["Input length 131393 exceeds the maximum allowed input length of 131040 tokens.", 131040, 131393],
  ["prompt token count of 200000 exceeds the limit of 128000", 128000, 200000],
  ["Requested token count (5000) is greater than the context length (4096).", 4096, 5000],
  ["Requested tokens (5000) exceed context window of 4096", 4096, 5000],
  ["exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens.", 272000, 509178],
  ["Request body too large for gpt-4o model. Max size: 8000 tokens.", 8000, null],
  ["the number of input tokens 9000 cannot exceed the total tokens limit 8192 for this model", 8192, 9000],
  ["Prompt length 9000 is greater than max_seq_len 8192.", 8192, 9000],
  ["Request exceeds the maximum number of tokens: 9000 > 8192", 8192, 9000],
  // A code of MiniMax's, and an excess: neither is a window.
  ["invalid params, context window exceeds limit (2013)", null, null],
  ["prompt too long; exceeded max context length by 100918 tokens", null, null],
  ["Input is too long for requested model.", null, null],
  ["This model's maximum context length is 8 tokens", null, null],
  ["maximum context length is 99999999999 tokens", null, null],
];

Deno.test("a refusal for length is read for the window and the tokens that it names", () => {
  for (const [said, window, tokens] of SAID) assert.deepEqual(readRefusedContext(said), { window, tokens }, said);
});
