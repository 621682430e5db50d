import assert from "node:assert/strict";
import { type Issue, RelayError } from "./errors.ts";
import {
  MAX_BODY_BYTES,
  MAX_CONTEXT_CHARACTERS,
  MAX_CONTEXT_MESSAGES,
  MAX_ID_CHARACTERS,
  MAX_ISSUES,
  MAX_PROMPT_CHARACTERS,
  MAX_STREAM_ID_CHARACTERS,
  MAX_SYSTEM_CHARACTERS,
} from "./limits.ts";
import {
  parseCancelOffset,
  parseCancelRequest,
  parseFastapiRequest,
  parseStreamRequest,
  streamId,
} from "./requests.ts";

const ID = "6f1de1a3-5c1e-4f0e-9f6c-1b1f3f1c9d10";
const DRAGON = "🐉";

/** What a body is refused for. */
function refusal(body: unknown, parse: (body: unknown) => unknown = parseStreamRequest) {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof RelayError);
    assert.equal(error.code, "invalid_request");
    for (const { message } of [error, ...error.issues!]) assert.match(message, /^[A-Z].*[^.]$/s);
    return { message: error.message, issues: error.issues! };
  }
  assert.fail(`It was accepted: ${JSON.stringify(body)?.slice(0, 200)}`);
}

Deno.test("a good body is taken unchanged; a client's leaving stops the generation unless it says otherwise", () => {
  const bodies = [
    { prompt: "Hello" },
    { reroll_of: ID },
    { continue_of: ID, conversation_id: ID, bot_id: 1, system: "a" },
    { answer_to: 7, conversation_id: ID, bot_id: 1 },
    { prompt: "a", parent_id: null },
    { prompt: "a", conversation_id: 1, bot_id: "1", parent_id: 2 ** 53 - 1 },
    { prompt: "a", conversation_id: -1, bot_id: "a story/é 🐉", parent_id: "x".repeat(MAX_ID_CHARACTERS) },
    ...[ID, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"].map((id) => ({
      reroll_of: id,
    })),
    {
      prompt: " Hello\r\n🐉 ",
      conversation_id: ID,
      bot_id: ID.toUpperCase(),
      system: "",
      parent_id: null,
      stream_id: "a.B_1:-",
      on_disconnect: "continue",
    },
  ];
  for (const body of bodies) assert.deepEqual(parseStreamRequest(body), { on_disconnect: "stop", ...body });
});

const USER = { role: "user", content: "a" };
const BOT = { role: "assistant", content: "b" };

const oneOf = (found: string) => `Provide one of prompt, messages, reroll_of, continue_of and answer_to; ${found}`;
const noPrompt = "Must end with a message of the user, which is the prompt";
const noPlace = (name: string) => `Must be left out with ${name}, which names the place already`;
const notA = (expected: string, received: string) => `Invalid input: expected ${expected}, received ${received}`;

const NOT_AN_ID = `Must be an id: an integer, or 1 to ${MAX_ID_CHARACTERS} characters without control characters`;

/** Each body with the fields that are refused, and why. */
const REFUSED: [name: string, body: unknown, issues: Record<string, string>][] = [
  ["no prompt and nothing in its place", { system: "a" }, { prompt: oneOf("none was given") }],
  ["prompt and reroll", { prompt: "a", reroll_of: ID }, { reroll_of: oneOf("prompt and reroll_of were given") }],
  ["prompt and messages", { prompt: "a", messages: [USER] }, {
    messages: oneOf("prompt and messages were given"),
  }],
  ["messages and reroll", { messages: [USER], reroll_of: ID }, {
    reroll_of: oneOf("messages and reroll_of were given"),
  }],
  ["no messages", { messages: [] }, { messages: noPrompt }],
  ["messages that end with the bot's", { messages: [USER, BOT] }, { messages: noPrompt }],
  ["messages that end with an empty one", { messages: [USER, { role: "user", content: "" }] }, {
    "messages.1.content": "Must not be empty",
  }],
  ["messages that end with more than a prompt", {
    messages: [{ role: "user", content: "a".repeat(MAX_PROMPT_CHARACTERS + 1) }],
  }, { "messages.0.content": `Must have at most ${MAX_PROMPT_CHARACTERS} characters` }],
  ["messages of another role, and with more fields", {
    messages: [{ role: "system", content: "a" }, { ...USER, name: "x" }],
  }, {
    "messages.0.role": 'Invalid option: expected one of "user"|"assistant"',
    "messages.1.name": "Unknown field",
  }],
  ["all at once", { prompt: "a", messages: [USER], reroll_of: ID, continue_of: ID, answer_to: ID }, {
    answer_to: oneOf("prompt and messages and reroll_of and continue_of and answer_to were given"),
  }],
  ...["reroll_of", "continue_of", "answer_to"].flatMap((name) =>
    [ID, null].map((parent_id) =>
      [`${name} with the parent ${parent_id}`, { [name]: ID, parent_id }, {
        parent_id: noPlace(name),
      }] satisfies typeof REFUSED[number]
    )
  ),
  ["messages to continue that are none", { continue_of: 1.5 }, { continue_of: NOT_AN_ID }],
  ["unknown fields, each by name", { prompt: "a", promt: 1, "y z": 2 }, {
    promt: "Unknown field",
    "y z": "Unknown field",
  }],
  ["an unknown field with a long name", { prompt: "a", ["x".repeat(10_000)]: 1 }, {
    ["x".repeat(100)]: "Unknown field",
  }],
  ["an empty prompt", { prompt: "" }, { prompt: "Must not be empty" }],
  ["a prompt that is a number", { prompt: 1 }, { prompt: notA("string", "number") }],
  ["a prompt that is null", { prompt: null }, { prompt: oneOf("none was given") }],
  ["a system that is a list", { prompt: "a", system: [] }, { system: notA("string", "array") }],
  ["ids that are none", { reroll_of: "", conversation_id: 1.5, bot_id: "a\nb" }, {
    reroll_of: NOT_AN_ID,
    conversation_id: NOT_AN_ID,
    bot_id: NOT_AN_ID,
  }],
  ...[2 ** 53, NaN, true, {}, ["1"], "\0", "\u007f", DRAGON[0], "x".repeat(MAX_ID_CHARACTERS + 1)].map((parent_id) =>
    [`a parent that is ${JSON.stringify(parent_id).slice(0, 20)}`, { prompt: "a", parent_id }, {
      parent_id: NOT_AN_ID,
    }] satisfies typeof REFUSED[number]
  ),
  ["an unknown policy", { prompt: "a", on_disconnect: "wait" }, {
    on_disconnect: 'Invalid option: expected one of "stop"|"continue"',
  }],
  ["a list", [], { "": notA("object", "array") }],
  ["null", null, { "": notA("object", "null") }],
  ["a string", "Hello", { "": notA("object", "string") }],
];

for (const [name, body, issues] of REFUSED) {
  Deno.test(`a body is refused by field: ${name}`, () => {
    const found = refusal(body);
    assert.deepEqual(found.issues, Object.entries(issues).map(([path, message]) => ({ path, message })));
    const fields = Object.keys(issues).map((path) => path || "the body").join(", ");
    assert.equal(found.message, `Cannot accept the request: see issues for ${fields}`);
  });
}

for (const [field, limit] of [["prompt", MAX_PROMPT_CHARACTERS], ["system", MAX_SYSTEM_CHARACTERS]] as const) {
  const body = (text: string) => ({ prompt: "a", [field]: text });

  Deno.test(`the limit of ${field} counts code points, and is named alone, however bad the rest of it`, () => {
    const tooLong = [{ path: field, message: `Must have at most ${limit} characters` }];
    for (const character of ["a", "é", DRAGON]) {
      const text = character.repeat(limit);
      assert.equal(parseStreamRequest(body(text))[field], text);
      for (const more of ["a", DRAGON]) assert.deepEqual(refusal(body(text + more)).issues, tooLong);
    }
    for (const text of ["\0".repeat(limit + 1), "a".repeat(2 * limit + 1)]) {
      assert.deepEqual(refusal(body(text)).issues, tooLong);
    }
  });

  Deno.test(`${field} is refused with U+0000 or a lone surrogate, and may hold any other character`, () => {
    const message = "Must be Unicode text without U+0000 and without lone surrogates";
    const [high, low] = [DRAGON[0], DRAGON[1]];
    for (const text of ["\0", "a\0b", high, low, `a${high}b`, low + high]) {
      assert.deepEqual(refusal(body(text)).issues, [{ path: field, message }], JSON.stringify(text));
    }
    for (const text of ["\r\n\t", "\u0001", "\uFFFD", "\uFEFF", "\uFFFF", " "]) {
      assert.equal(parseStreamRequest(body(text))[field], text);
    }
  });
}

Deno.test("null counts as absent, but for parent_id, where it is a place; so does the empty text of an id", () => {
  const nulls = {
    messages: null,
    reroll_of: null,
    continue_of: null,
    answer_to: null,
    conversation_id: null,
    bot_id: null,
    system: null,
    stream_id: null,
  };
  const absent = { ...nulls, on_disconnect: null };
  assert.deepEqual(parseStreamRequest({ prompt: "a", ...absent }), { prompt: "a", on_disconnect: "stop" });
  const empty = { prompt: "a", conversation_id: "", bot_id: "", stream_id: "", system: "", parent_id: null };
  const taken = { prompt: "a", system: "", parent_id: null, on_disconnect: "stop" };
  assert.deepEqual(parseStreamRequest(empty), taken);
});

Deno.test("messages are the context, the last one is the prompt, and empty ones are left out", () => {
  const messages = [BOT, { role: "user", content: "" }, USER];
  assert.deepEqual(parseStreamRequest({ messages }), { prompt: "a", messages: [BOT, USER], on_disconnect: "stop" });
});

Deno.test("a message that is right is taken as it is, without the schema's copy; any other one is named by its field", () => {
  const right = { role: "user", content: "🦊" };
  assert.ok(parseStreamRequest({ messages: [BOT, right] }).messages![1] === right);
  const hidden = JSON.parse('{"role": "user", "__proto__": {"content": "a"}}');
  for (
    const [wrong, path] of [
      [{ role: "user" }, "content"],
      [{ role: "user", content: "a\0" }, "content"],
      [{ role: "user", content: "\ud83e" }, "content"],
      [{ role: "toString", content: "a" }, "role"],
      [{ content: "a", name: "b" }, "role"],
      [hidden, "content"],
    ] as const
  ) {
    assert.equal(refusal({ messages: [wrong, USER] }).issues![0].path, `messages.0.${path}`);
  }
});

Deno.test("messages have a limit of their number and one of their characters in all", () => {
  const many = (count: number) => ({ messages: Array(count).fill(USER) });
  assert.equal(parseStreamRequest(many(MAX_CONTEXT_MESSAGES)).messages!.length, MAX_CONTEXT_MESSAGES);
  const tooMany = `Must have at most ${MAX_CONTEXT_MESSAGES} messages`;
  assert.deepEqual(refusal(many(MAX_CONTEXT_MESSAGES + 1)).issues, [{ path: "messages", message: tooMany }]);

  const half = { role: "assistant", content: DRAGON.repeat(MAX_CONTEXT_CHARACTERS / 2) };
  const long = (more: string) => ({ messages: [half, { ...half, content: half.content.slice(2) + more }, USER] });
  assert.equal(parseStreamRequest(long("")).messages!.length, 3);
  const tooLong = `Must have at most ${MAX_CONTEXT_CHARACTERS} characters in all`;
  assert.deepEqual(refusal(long("a")).issues, [{ path: "messages", message: tooLong }]);
});

Deno.test("of the FastAPI relay's client what is null, empty or unknown counts as absent", () => {
  const body = { prompt: "a", bot_id: null, conversation_id: "", stream_id: "", parent_id: null, system: "", style: 1 };
  const taken = { prompt: "a", on_disconnect: "stop" };
  assert.deepEqual(parseFastapiRequest(body), taken);
  // On the new path such a client shows by fields that it alone sends.
  for (const name of ["alternative_id", "is_alternative", "mode"]) {
    assert.deepEqual(parseStreamRequest({ ...body, [name]: null }), taken);
  }
  assert.deepEqual(refusal(body).issues, [{ path: "style", message: "Unknown field" }]);
  assert.deepEqual(refusal({ prompt: "" }, parseFastapiRequest).issues[0].path, "prompt");
  assert.deepEqual(refusal([], parseFastapiRequest).issues[0].path, "");
});

Deno.test("instructions at the head of that client's messages follow its system, elsewhere they are refused", () => {
  const instructed = (content: unknown) => ({ role: "system", content, name: "x" });
  const messages = [instructed("b"), instructed(""), instructed("c"), { ...USER, id: 1 }];
  const taken = { prompt: "a", messages: [USER], on_disconnect: "stop" };
  assert.deepEqual(parseFastapiRequest({ messages }), { ...taken, system: "b\n\nc" });
  assert.deepEqual(parseFastapiRequest({ messages, system: "a" }), { ...taken, system: "a\n\nb\n\nc" });
  const cases: [unknown[], string][] = [
    [[USER, instructed("b"), USER], "messages.1.role"],
    [[instructed(1), USER], "system"],
    [[instructed("b")], "messages"],
    [["a"], "messages.0"],
  ];
  for (const [list, path] of cases) {
    assert.equal(refusal({ messages: list }, parseFastapiRequest).issues[0].path, path);
  }
});

Deno.test("a stream_id has 1 to 128 characters of its alphabet", () => {
  for (const id of ["a", "-", "..", ID, "A-Z:a_z.09", "x".repeat(MAX_STREAM_ID_CHARACTERS)]) {
    assert.equal(parseStreamRequest({ prompt: "a", stream_id: id }).stream_id, id);
    assert.equal(parseCancelRequest({ stream_id: id }).stream_id, id);
    assert.ok(streamId.safeParse(id).success);
  }
  const issues = [{ path: "stream_id", message: "Must have 1 to 128 characters of A-Z a-z 0-9 . _ : -" }];
  for (const id of ["a b", "a\n", "\na", "a/b", "é", DRAGON, "a\0", "x".repeat(MAX_STREAM_ID_CHARACTERS + 1)]) {
    assert.deepEqual(refusal({ prompt: "a", stream_id: id }).issues, issues);
    assert.deepEqual(refusal({ stream_id: id }, parseCancelRequest).issues, issues);
    assert.ok(!streamId.safeParse(id).success);
  }
  assert.deepEqual(refusal({ stream_id: "" }, parseCancelRequest).issues, issues);
});

Deno.test("a body with more that is wrong than a client can read names the first issues alone", () => {
  const fields = Array.from({ length: MAX_BODY_BYTES / 256 }, (_, index) => [`field-${index}`, 1]);
  for (const count of [MAX_ISSUES, MAX_ISSUES + 1, fields.length]) {
    const body = { prompt: "Hi", ...Object.fromEntries(fields.slice(0, count)) };
    const { issues, message } = refusal(body);
    assert.deepEqual(issues.map(({ path }) => path), fields.slice(0, MAX_ISSUES).map(([name]) => name));
    assert.ok(message.length < 1_000);
  }
});

Deno.test("of messages that are all wrong, and of one with very many fields, the first issues alone are found", () => {
  const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
  const asked: number[] = [];
  const wrong = Array.from({ length: MAX_CONTEXT_MESSAGES }, (_, index) => ({
    role: "user",
    get content() {
      asked.push(index);
      return 1;
    },
  }));
  const { issues } = refusal({ messages: wrong });
  assert.deepEqual(issues.map(({ path }) => path), wrong.slice(0, MAX_ISSUES).map((_, at) => `messages.${at}.content`));
  assert.equal(Math.max(...asked), MAX_ISSUES - 1);
  for (const parse of [parseStreamRequest, parseFastapiRequest]) {
    const { issues } = refusal({ messages: [fields(10_000), USER] }, parse);
    assert.ok(issues.length > 0 && issues.every(({ path }) => path.startsWith("messages.0.")));
  }
  assert.equal(refusal({ messages: [{ ...USER, ...fields(10_000) }] }).issues.length, MAX_ISSUES);
});

Deno.test("a cancel takes a stream_id, an offset and nothing else", () => {
  const wrong = { path: "at", message: "Must be an offset, an integer of at most 9 digits" };
  const cases: [unknown, Issue[]][] = [
    ...[-1, 0.5, 1e9, "7", NaN].map((at): [unknown, Issue[]] => [{ stream_id: "a", at }, [wrong]]),
    [{}, [{ path: "stream_id", message: notA("string", "undefined") }]],
    [{ stream_id: "a", force: true }, [{ path: "force", message: "Unknown field" }]],
    [null, [{ path: "", message: notA("object", "null") }]],
  ];
  for (const [body, issues] of cases) assert.deepEqual(refusal(body, parseCancelRequest).issues, issues);
  for (const at of [0, 999_999_999, null]) assert.equal(parseCancelRequest({ stream_id: "a", at }).at, at);
  const inQuery = (query: unknown) => parseCancelOffset(new URLSearchParams(String(query)));
  for (const query of ["at=-1", "at=0.5", "at=1000000000", "at=x", "at=0x1", "at=%20"]) {
    assert.deepEqual(refusal(query, inQuery).issues, [wrong]);
  }
  assert.deepEqual(["at=0", "at=007", "at=", "b=1"].map(inQuery), [0, 7, null, null]);
});
