import assert from "node:assert/strict";
import { type Issue, RelayError } from "./errors.ts";
import {
  MAX_BODY_BYTES,
  MAX_ISSUES,
  MAX_PROMPT_CHARACTERS,
  MAX_STREAM_ID_CHARACTERS,
  MAX_SYSTEM_CHARACTERS,
} from "./limits.ts";
import { parseCancelRequest, parseStreamRequest, streamId } from "./requests.ts";

const ID = "6f1de1a3-5c1e-4f0e-9f6c-1b1f3f1c9d10";
const DRAGON = "🐉";

/** What a body is refused for. */
function refusal(body: unknown, parse: (body: unknown) => unknown) {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof RelayError);
    assert.equal(error.code, "invalid_request");
    assert.match(error.message, /^[A-Z].*[^.]$/s);
    for (const { message } of error.issues!) {
      assert.match(message, /^[A-Z].*[^.]$/s);
    }
    return error;
  }
  assert.fail(`It was accepted: ${JSON.stringify(body)?.slice(0, 200)}`);
}

const issuesOf = (body: unknown): Issue[] => refusal(body, parseStreamRequest).issues!;

Deno.test("a prompt alone is enough, and the client's leaving stops the generation", () => {
  assert.deepEqual(parseStreamRequest({ prompt: "Hello" }), { prompt: "Hello", on_disconnect: "stop" });
});

Deno.test("a body with every field is taken as it is", () => {
  const body = {
    prompt: " Hello\r\n🐉 ",
    conversation_id: ID,
    bot_id: ID.toUpperCase(),
    system: "",
    parent_id: null,
    stream_id: "a.B_1:-",
    on_disconnect: "continue",
  };
  assert.deepEqual(parseStreamRequest(body), body);
});

Deno.test("a reroll needs no prompt", () => {
  assert.deepEqual(parseStreamRequest({ reroll_of: ID }), { reroll_of: ID, on_disconnect: "stop" });
});

Deno.test("a parent that is null is not a parent that is absent", () => {
  const { parent_id } = parseStreamRequest({ prompt: "a", parent_id: null });
  assert.equal(parent_id, null);
  assert.equal(parseStreamRequest({ prompt: "a" }).parent_id, undefined);
});

Deno.test("any UUID is an id, whatever its version", () => {
  for (const id of [ID, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]) {
    assert.equal(parseStreamRequest({ reroll_of: id }).reroll_of, id);
  }
});

/** Each body with all that is said against it. */
const REFUSED: [string, unknown, Issue[]][] = [
  [
    "neither prompt nor reroll",
    {},
    [{ path: "prompt", message: "Provide either prompt or reroll_of; neither was given" }],
  ],
  ["prompt and reroll", { prompt: "a", reroll_of: ID }, [{
    path: "reroll_of",
    message: "Provide either prompt or reroll_of; both were given",
  }]],
  ["a reroll with a parent", { reroll_of: ID, parent_id: ID }, [{
    path: "parent_id",
    message: "Must be left out with reroll_of, which names the place already",
  }]],
  ["a reroll with the parent null", { reroll_of: ID, parent_id: null }, [{
    path: "parent_id",
    message: "Must be left out with reroll_of, which names the place already",
  }]],
  ["an unknown field", { prompt: "a", promt: "b" }, [{ path: "promt", message: "Unknown field" }]],
  ["unknown fields, each by name", { prompt: "a", x: 1, "y z": 2 }, [{
    path: "x",
    message: "Unknown field",
  }, { path: "y z", message: "Unknown field" }]],
  [
    "an unknown field with a long name",
    { prompt: "a", ["x".repeat(101)]: 1 },
    [{ path: "x".repeat(100), message: "Unknown field" }],
  ],
  ["__proto__", JSON.parse('{"prompt": "a", "__proto__": {}}'), [{ path: "__proto__", message: "Unknown field" }]],
  ["an empty prompt", { prompt: "" }, [{ path: "prompt", message: "Must not be empty" }]],
  ["a prompt that is a number", { prompt: 1 }, [{
    path: "prompt",
    message: "Invalid input: expected string, received number",
  }]],
  ["a prompt that is null", { prompt: null }, [{
    path: "prompt",
    message: "Invalid input: expected string, received null",
  }]],
  ["a system that is a list", { prompt: "a", system: [] }, [{
    path: "system",
    message: "Invalid input: expected string, received array",
  }]],
  [
    "ids that are none",
    { reroll_of: "1", conversation_id: 1, bot_id: null },
    [{ path: "reroll_of", message: "Must be a UUID" }, {
      path: "conversation_id",
      message: "Must be a UUID",
    }, { path: "bot_id", message: "Must be a UUID" }],
  ],
  ["a parent that is none", { prompt: "a", parent_id: `${ID} ` }, [{ path: "parent_id", message: "Must be a UUID" }]],
  ["an unknown policy", { prompt: "a", on_disconnect: "wait" }, [{
    path: "on_disconnect",
    message: 'Invalid option: expected one of "stop"|"continue"',
  }]],
  ["a list", [], [{ path: "", message: "Invalid input: expected object, received array" }]],
  ["null", null, [{ path: "", message: "Invalid input: expected object, received null" }]],
  ["a string", "Hello", [{ path: "", message: "Invalid input: expected object, received string" }]],
];

for (const [name, body, issues] of REFUSED) {
  Deno.test(`a body is refused by field: ${name}`, () => {
    assert.deepEqual(issuesOf(body), issues);
  });
}

Deno.test("the message names the fields, and never what was in them", () => {
  const body = { prompt: "secret\0", x: "secret" };
  const { message } = refusal(body, parseStreamRequest);
  assert.equal(message, "Cannot accept the request: see issues for prompt, x");
  assert.equal(refusal(null, parseStreamRequest).message, "Cannot accept the request: see issues for the body");
});

const LIMITS = [["prompt", MAX_PROMPT_CHARACTERS], ["system", MAX_SYSTEM_CHARACTERS]] as const;

for (const [field, limit] of LIMITS) {
  const body = (text: string) => ({ prompt: "a", [field]: text });
  const tooLong = [{ path: field, message: `Must have at most ${limit} characters` }];

  Deno.test(`the limit of ${field} counts code points, not UTF-16 units`, () => {
    for (const character of ["a", "é", DRAGON]) {
      const text = character.repeat(limit);
      const accepted = parseStreamRequest(body(text));
      assert.equal(accepted[field], text);
      assert.deepEqual(issuesOf(body(text + "a")), tooLong);
      assert.deepEqual(issuesOf(body(text + DRAGON)), tooLong);
    }
  });

  Deno.test(`${field} is refused for its length alone, however bad the rest of it`, () => {
    assert.deepEqual(issuesOf(body("\0".repeat(limit + 1))), tooLong);
    assert.deepEqual(issuesOf(body("a".repeat(2 * limit + 1))), tooLong);
  });

  Deno.test(`${field} is refused with U+0000 or a lone surrogate`, () => {
    const [high, low] = [DRAGON[0], DRAGON[1]];
    for (const text of ["\0", "a\0b", high, low, `a${high}b`, low + high]) {
      assert.deepEqual(issuesOf(body(text)), [{
        path: field,
        message: "Must be Unicode text without U+0000 and without lone surrogates",
      }], JSON.stringify(text));
    }
  });

  Deno.test(`${field} may hold any other character`, () => {
    for (const text of ["\r\n\t", "\u0001", "\uFFFD", "\uFEFF", "\uFFFF", " "]) {
      assert.equal(parseStreamRequest(body(text))[field], text);
    }
  });
}

const NO_STREAM_ID = "Must have 1 to 128 characters of A-Z a-z 0-9 . _ : -";

Deno.test("a stream_id has 1 to 128 characters of its alphabet", () => {
  for (const id of ["a", "-", "..", ID, "A-Z:a_z.09", "x".repeat(MAX_STREAM_ID_CHARACTERS)]) {
    assert.equal(parseStreamRequest({ prompt: "a", stream_id: id }).stream_id, id);
    assert.equal(parseCancelRequest({ stream_id: id }), id);
    assert.ok(streamId.safeParse(id).success);
  }
});

Deno.test("a stream_id with anything else is refused", () => {
  for (const id of ["", "a b", "a\n", "\na", "a/b", "é", DRAGON, "a\0", "x".repeat(MAX_STREAM_ID_CHARACTERS + 1)]) {
    const issues = [{ path: "stream_id", message: NO_STREAM_ID }];
    assert.deepEqual(issuesOf({ prompt: "a", stream_id: id }), issues);
    assert.deepEqual(refusal({ stream_id: id }, parseCancelRequest).issues, issues);
    assert.ok(!streamId.safeParse(id).success);
  }
});

Deno.test("a body with more that is wrong than a client can read names the first issues alone", () => {
  const body: Record<string, unknown> = { prompt: "" };
  for (let field = 0; field < MAX_BODY_BYTES / 16; field++) {
    body[`unknown-${field}`] = 1;
  }
  const { issues, message } = refusal(body, parseStreamRequest);
  assert.equal(issues!.length, MAX_ISSUES);
  assert.deepEqual(issues![0], { path: "prompt", message: "Must not be empty" });
  assert.ok(message.length < 1_000);
  assert.equal(refusal({ stream_id: 1, ...body }, parseCancelRequest).issues!.length, MAX_ISSUES);
});

Deno.test("exactly as many issues as the limit are all named", () => {
  for (const extra of [0, 1]) {
    const fields = Array.from({ length: MAX_ISSUES + extra }, (_, place) => [`field-${place}`, 1]);
    const body = { prompt: "Hi", ...Object.fromEntries(fields) };
    assert.deepEqual(issuesOf(body).map(({ path }) => path), fields.slice(0, MAX_ISSUES).map(([name]) => name));
  }
});

Deno.test("the name of an unknown field is quoted only so far", () => {
  const name = "x".repeat(10_000);
  const { issues, message } = refusal({ prompt: "Hi", [name]: 1 }, parseStreamRequest);
  assert.deepEqual(issues, [{ path: "x".repeat(100), message: "Unknown field" }]);
  assert.ok(message.length < 200);
});

Deno.test("a cancel takes a stream_id and nothing else", () => {
  const cases: [unknown, Issue[]][] = [
    [{}, [{ path: "stream_id", message: "Invalid input: expected string, received undefined" }]],
    [{ stream_id: "a", force: true }, [{ path: "force", message: "Unknown field" }]],
    [null, [{ path: "", message: "Invalid input: expected object, received null" }]],
  ];
  for (const [body, issues] of cases) {
    assert.deepEqual(refusal(body, parseCancelRequest).issues, issues);
  }
});
