import assert from "node:assert/strict";
import { RelayError } from "../../protocol/errors.ts";
import { createChunkReader, type Piece } from "./chunks.ts";
import type { Delta, ProviderEnd } from "../provider.ts";

const KEY = "sk-secret";

type Choice = Record<string, unknown>;

/** A chunk as OpenAI sends one. */
function chunk(choice: Choice, rest: Record<string, unknown> = {}): unknown {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    choices: [{ index: 0, finish_reason: null, ...choice }],
    usage: null,
    ...rest,
  };
}

const text = (content: unknown) => chunk({ delta: { content } });
const finish = (finish_reason: unknown) => chunk({ delta: {}, finish_reason });

/** Reads all chunks, and ends. */
function readAll(chunks: unknown[]): { deltas: Delta[]; end: ProviderEnd } {
  const reader = createChunkReader(KEY);
  for (const part of chunks) reader.read(JSON.stringify(part));
  const end = reader.end();
  return { deltas: reader.take(), end };
}

function failureOf(run: () => unknown): RelayError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof RelayError);
    assert.match(error.message, /^[A-Z].*[^.]$/s);
    return error;
  }
  assert.fail("It did not throw");
}

Deno.test("pieces of text are one delta, and the last finish reason counts", () => {
  assert.deepEqual(
    readAll([
      chunk({ delta: { role: "assistant", content: "" } }),
      text("Once"),
      text(" upon"),
      finish("length"),
      finish("stop"),
    ]),
    { deltas: [{ kind: "text", text: "Once upon" }], end: { finishReason: "stop", usage: null } },
  );
});

Deno.test("take() gives what has come since it was last called", () => {
  const reader = createChunkReader(null);
  reader.read(JSON.stringify(text("a")));
  assert.deepEqual(reader.take(), [{ kind: "text", text: "a" }]);
  assert.deepEqual(reader.take(), []);
  reader.read(JSON.stringify(text("b")));
  assert.deepEqual(reader.take(), [{ kind: "text", text: "b" }]);
});

Deno.test("reasoning is kept apart from text, in the order it came", () => {
  const { deltas } = readAll([
    chunk({ delta: { reasoning_content: "Let me" } }),
    chunk({ delta: { reasoning: " think" } }),
    chunk({ delta: { reasoning_content: "!", content: "A" } }),
    text("B"),
    chunk({ delta: { reasoning: "again", content: null } }),
    finish("stop"),
  ]);
  assert.deepEqual(deltas, [{ kind: "reasoning", text: "Let me think!" }, {
    kind: "text",
    text: "AB",
  }, { kind: "reasoning", text: "again" }]);
});

Deno.test("a refusal of the model is text", () => {
  const { deltas } = readAll([chunk({ delta: { refusal: "I will not" } }), finish("stop")]);
  assert.deepEqual(deltas, [{ kind: "text", text: "I will not" }]);
});

Deno.test("text and reasoning are cleaned over chunks, each by itself", () => {
  const { deltas } = readAll([
    chunk({ delta: { content: "a\r", reasoning: "\ud83d" } }),
    chunk({ delta: { reasoning: "\udc09" } }),
    chunk({ delta: { content: "\n\0b\ud83d" } }),
    finish("stop"),
  ]);
  assert.deepEqual(deltas, [{ kind: "text", text: "a\n" }, {
    kind: "reasoning",
    text: "🐉",
  }, { kind: "text", text: "b\uFFFD" }]);
});

Deno.test("chunks that add nothing are passed over", () => {
  const { deltas, end } = readAll([
    {},
    [],
    { choices: [] },
    { choices: null },
    { choices: [{}] },
    chunk({ delta: null }),
    chunk({ delta: "text" }),
    text(null),
    text(7),
    text(["a"]),
    text(""),
    { error: null, choices: [] },
    finish(null),
    finish(7),
    finish("stop"),
  ]);
  assert.deepEqual(deltas, []);
  assert.equal(end.finishReason, "stop");
});

Deno.test("only the first choice counts", () => {
  const { deltas, end } = readAll([
    chunk({ index: 1, delta: { content: "no" }, finish_reason: "length" }),
    { choices: [{ delta: { content: "yes" }, finish_reason: "stop" }] },
  ]);
  assert.deepEqual(deltas, [{ kind: "text", text: "yes" }]);
  assert.equal(end.finishReason, "stop");
});

Deno.test("usage comes with or after the finish, and the last one counts", () => {
  const first = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const last = { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 };
  const { end } = readAll([
    chunk({ delta: {} }, { usage: first }),
    finish("stop"),
    { choices: [], usage: { ...last, prompt_tokens_details: {} } },
    { choices: [], usage: null },
  ]);
  assert.deepEqual(end, { finishReason: "stop", usage: last });
});

Deno.test("a count that is no count is null", () => {
  for (const count of [-1, 1.5, "7", null, 2 ** 31, 1e300]) {
    const { end } = readAll([
      chunk({ finish_reason: "stop" }, { usage: { prompt_tokens: count, completion_tokens: 2 ** 31 - 1 } }),
    ]);
    assert.deepEqual(end.usage, { prompt_tokens: null, completion_tokens: 2 ** 31 - 1, total_tokens: null });
  }
});

Deno.test("[DONE] is the end, but no finish", () => {
  const reader = createChunkReader(null);
  assert.equal(reader.done, false);
  reader.read("[DONE]");
  assert.equal(reader.done, true);
  const error = failureOf(() => reader.end());
  assert.equal(error.code, "provider_bad_response");
  assert.equal(error.message, "The provider closed the stream without a finish reason");
});

Deno.test("an empty finish reason is none", () => {
  const { end } = readAll([finish("stop"), finish("")]);
  assert.equal(end.finishReason, "stop");
  const error = failureOf(() => readAll([text("a"), finish("")]));
  assert.equal(error.code, "provider_bad_response");
});

Deno.test("a finish reason becomes one that the database takes", () => {
  const { end } = readAll([finish(`\0é\ud83d${"x".repeat(200)}`)]);
  assert.equal(end.finishReason, `???${"x".repeat(97)}`);
});

Deno.test("a finish reason that is the relay's own is a failure of the provider", () => {
  for (const reason of ["cancelled", "disconnected", "timeout", "interrupted", "error"]) {
    const error = failureOf(() => readAll([finish(reason)]));
    assert.equal(error.code, "provider_error");
    assert.equal(error.message, `The provider ended with the finish reason "${reason}"`);
  }
});

Deno.test("a text that ends with half a character is whole, also if the end is a failure", () => {
  const reader = createChunkReader(null);
  reader.read(JSON.stringify(text("a\ud83d")));
  assert.deepEqual(reader.take(), [{ kind: "text", text: "a" }]);
  failureOf(() => reader.end());
  assert.deepEqual(reader.take(), [{ kind: "text", text: "\uFFFD" }]);
});

Deno.test("what is no chunk is refused, and never quoted", () => {
  for (
    const data of [
      "",
      "secret",
      '{"secret"',
      "null",
      "7",
      '"secret"',
      '{"choices": "secret"}',
      '{"choices": {}}',
      '{"choices": [null]}',
      '{"choices": ["secret"]}',
    ]
  ) {
    const error = failureOf(() => createChunkReader(null).read(data));
    assert.deepEqual([error.code, error.message, error.cause], [
      "provider_bad_response",
      "The provider sent an event that is not a chat completion chunk",
      undefined,
    ], data);
  }
});

Deno.test("an error amid the stream is passed on with its message, without the key", () => {
  const cases: [unknown, string][] = [
    [{ message: `Key ${KEY} is over\n its quota` }, ': "Key [key] is over  its quota"'],
    ["overloaded", ': "overloaded"'],
    [{ message: { text: "secret" } }, ""],
    [{ message: " " }, ""],
    [{}, ""],
    [true, ""],
    [500, ""],
  ];
  for (const [error, said] of cases) {
    const failure = failureOf(() => readAll([text("a"), { error }]));
    assert.deepEqual([failure.code, failure.message], ["provider_error", `The provider failed amid the stream${said}`]);
  }
});

Deno.test("a chunk that brings one piece of text and nothing else says so", () => {
  const alone: [chunk: unknown, piece: Piece][] = [
    [text("a"), { kind: "text", field: "content" }],
    [chunk({ delta: { content: "a", role: "assistant" } }), { kind: "text", field: "content" }],
    [chunk({ delta: { refusal: "a" } }), { kind: "text", field: "refusal" }],
    [chunk({ delta: { content: null, reasoning_content: "a" } }), { kind: "reasoning", field: "reasoning_content" }],
    [chunk({ delta: { content: "", reasoning: "a" } }), { kind: "reasoning", field: "reasoning" }],
  ];
  const more = [
    text(""),
    chunk({ delta: { content: "a", reasoning: "b" } }),
    chunk({ delta: { content: "a" }, finish_reason: "stop" }),
    chunk({ delta: { content: "a" } }, { usage: { prompt_tokens: 1 } }),
    chunk({ delta: { content: "a" }, index: 1 }),
    { choices: [] },
    { choices: [{ delta: { content: "a" } }, { delta: { content: "b" } }] },
  ];
  const reader = createChunkReader(null);
  for (const [part, piece] of alone) {
    assert.deepEqual(reader.read(JSON.stringify(part)), piece);
  }
  for (const part of more) {
    assert.equal(reader.read(JSON.stringify(part)), null);
  }
  assert.equal(reader.read("[DONE]"), null);
});

Deno.test("what comes behind the provider's last word is not read", () => {
  const reader = createChunkReader(null);
  for (const part of [text("a"), finish("stop")]) {
    reader.read(JSON.stringify(part));
  }
  reader.read("[DONE]");
  reader.read(JSON.stringify(text("b")));
  reader.read("nonsense");
  assert.deepEqual(reader.take(), [{ kind: "text", text: "a" }]);
});
