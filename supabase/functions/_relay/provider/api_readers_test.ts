/** What holds for the answers of each API, beyond their dialects. */

import assert from "node:assert/strict";
import { MAX_PROVIDER_LINE_BYTES } from "../protocol/limits.ts";
import { stream } from "../testing/dialects_responses.ts";
import { APIS } from "./client.ts";
import type { ApiName, Delta } from "./provider.ts";
import { createAnswerReader } from "./reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What came of a body in reads of so many bytes, and how often a chunk was parsed. */
function read(api: ApiName, body: string, size = Infinity) {
  const deltas: Delta[] = [];
  let skips = 0;
  const options = { secrets: () => null, thinksFirst: false, contentType: "", onSkippedLine: () => skips++ };
  const answer = createAnswerReader(APIS[api], options, (more) => deltas.push(...more));
  const parse = JSON.parse;
  let parsed = 0;
  JSON.parse = (...args) => {
    parsed++;
    return parse(...args);
  };
  const whole = bytes(body);
  try {
    for (let at = 0; at < whole.length && !answer.isDone(); at += size) answer.push(whole.slice(at, at + size));
    answer.finish();
    const { finishReason, usage } = answer.end();
    const said = (kind: Delta["kind"]) =>
      deltas.filter((delta) => delta.kind === kind).map(({ text }) => text).join("");
    return { text: said("text"), reasoning: said("reasoning"), finishReason, usage, parsed, skips };
  } finally {
    JSON.parse = parse;
  }
}

const words = Array.from({ length: 100 }, (_, index) => `word ${index} `);

const response = (delta: string, kind = "output_text") =>
  [`response.${kind}.delta`, {
    item_id: "msg_1",
    output_index: 0,
    content_index: 0,
    delta,
    logprobs: [],
    obfuscation: "x".repeat(delta.length % 7),
  }] as [string, object];
const gemini = (text: string, rest = {}) =>
  `data: ${
    JSON.stringify({
      candidates: [{ content: { parts: [{ text, ...rest }], role: "model" }, index: 0 }],
      usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 },
      modelVersion: "gemini",
    })
  }\r\n\r\n`;

/** A hundred thoughts and a hundred texts; the last chunk says how it ended. */
const STREAMS: [api: ApiName, body: string][] = [
  [
    "openai_responses",
    stream(
      ...words.map((word) => response(word, "reasoning_text")),
      ...words.map((word) => response(word)),
      ["response.completed", { response: { output: [] } }],
    ),
  ],
  [
    "gemini",
    words.map((word) => gemini(word, { thought: true })).join("") + words.map((word) => gemini(word)).join("") +
    'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n',
  ],
];

for (const [api, body] of STREAMS) {
  Deno.test(`${api}: chunks that are alike are read without parsing, and say the same however they are cut`, () => {
    for (const size of [Infinity, 4_096, 500]) {
      const { text, reasoning, finishReason, parsed } = read(api, body, size);
      assert.deepEqual([text, reasoning, finishReason], [words.join(""), words.join(""), "stop"]);
      // One of each kind, the second of Gemini's whose counts are not new, the last, and those that a read has cut.
      if (size === Infinity) assert.ok(parsed <= 5, String(parsed));
    }
  });
}

Deno.test("openai_responses: a whole text is repeated by four events, which may be longer than any line may", () => {
  const text = 'Once "more". \u00e9\n'.repeat(30_000);
  assert.ok(text.length > MAX_PROVIDER_LINE_BYTES);
  const part = { type: "output_text", annotations: [], logprobs: [], text };
  const item = { id: "msg_1", type: "message", content: [part, { ...part, text: "More." }] };
  const usage = { input_tokens: 3, output_tokens: 5, output_tokens_details: { reasoning_tokens: 4 }, total_tokens: 8 };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const ends: [string, object, string][] = [
    ["completed", {}, "stop"],
    ["incomplete", { incomplete_details: { reason: "max_output_tokens" } }, "length"],
    ["incomplete", { incomplete_details: { reason: "content_filter" } }, "content_filter"],
  ];
  for (const [status, details, finishReason] of ends) {
    const body = stream(
      ...text.match(/[^]{1,5000}/g)!.map((delta) => response(delta)),
      response("More."),
      ["response.output_text.done", { ...at, text, logprobs: [] }],
      ["response.content_part.done", { ...at, part }],
      ["response.output_item.done", { output_index: 0, item }],
      [`response.${status}`, { response: { id: "r", status, ...details, output: [item], usage, metadata: {} } }],
    );
    for (const size of [Infinity, 65_536]) {
      const { parsed: _, ...read_ } = read("openai_responses", body, size);
      assert.deepEqual(read_, {
        text: `${text}More.`,
        reasoning: "",
        finishReason,
        usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8, reasoning_tokens: 4 },
        // It is reported once.
        skips: 1,
      });
    }
  }
});

Deno.test("openai_responses: a delta that is longer than a line may be is an error", () => {
  const body = stream(response("x".repeat(MAX_PROVIDER_LINE_BYTES)), ["response.completed", { response: {} }]);
  assert.throws(() => read("openai_responses", body), /a line of more than/);
});
