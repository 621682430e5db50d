import assert from "node:assert/strict";
import { VERSION } from "../platform/version.ts";
import { makeCall } from "../testing/provider.ts";
import { bodyOf, RESERVED } from "./chat_completions/request.ts";
import { readProblem } from "./problem.ts";
import { type ContextMessage, GO_ON, type ProviderCall } from "./provider.ts";
import { FIRST_TURN, headersOfOpenAi as headersOf, leaveOut, messagesFor, refusedFields } from "./request.ts";

Deno.test("messages are shaped as the model takes them", () => {
  const turns = (text: string): ContextMessage[] =>
    text.split("|").filter((turn) => turn !== "").map((turn) => ({
      role: ({ s: "system", u: "user", a: "assistant" } as const)[turn[0]]!,
      content: turn.slice(2),
    }));
  const cases: [given: string, options: Partial<ProviderCall>, wanted: string][] = [
    ["s:S|u:A|a:B|u:C", {}, "s:S|u:A|a:B|u:C"],
    ["u:A|u:B|a:C|a:D|u:E", {}, "u:A\n\nB|a:C\n\nD|u:E"],
    ["s:S|a:A|u:B", {}, "s:S|a:A|u:B"],
    ["s:S|u:A|a:B|u:C", { takesSystem: false }, "u:S\n\nA|a:B|u:C"],
    ["s:S|a:A|u:B", { takesSystem: false, firstTurnIsUser: true }, "u:S|a:A|u:B"],
    ["s:S|a:A|u:B", { firstTurnIsUser: true }, `s:S|u:${FIRST_TURN}|a:A|u:B`],
    ["a:A|u:B", { firstTurnIsUser: true }, `u:${FIRST_TURN}|a:A|u:B`],
    ["s:S|u:A", { firstTurnIsUser: true }, "s:S|u:A"],
    ["s:S", {}, `s:S|u:${FIRST_TURN}`],
    ["s:S", { takesSystem: false }, "u:S"],
    ["", {}, `u:${FIRST_TURN}`],
    ["u:A|a:B", {}, `u:A|a:B|u:${GO_ON}`],
    ["u:A|a:B", { isPrefilled: true }, "u:A|a:B"],
    ["a:A", { firstTurnIsUser: true }, `u:${FIRST_TURN}|a:A|u:${GO_ON}`],
    ["s: \n|u:A|a: |u:B|a:C|u:\n", {}, `u:A\n\nB|a:C|u:${GO_ON}`],
  ];
  for (const [given, options, wanted] of cases) {
    const messages = turns(given);
    assert.deepEqual(messagesFor({ messages, ...options }), turns(wanted));
    assert.deepEqual(messages, turns(given));
  }
});

Deno.test("a key that was pasted with its scheme is sent with it once, one that no header can hold is not quoted, and the bot's headers never replace it", () => {
  for (const accessKey of ["sk-1", " sk-1\n", "Bearer sk-1", "bearer  sk-1 "]) {
    assert.equal(headersOf(makeCall({ accessKey })).authorization, "Bearer sk-1");
  }
  const plain = {
    accept: "application/json",
    "content-type": "application/json",
    "user-agent": `storytellr-relay/${VERSION}`,
  };
  assert.equal(headersOf(makeCall({ headers: { "User-Agent": "ours" } }))["user-agent"], "ours");
  for (const accessKey of [null, "", "  ", "Bearer "]) assert.deepEqual(headersOf(makeCall({ accessKey })), plain);
  for (const accessKey of ["sk\nsecret", "sk secret", "ключ", "sk\0secret"]) {
    const message = "Cannot send the key of this bot: it has characters that no header can hold";
    assert.throws(() => headersOf(makeCall({ accessKey })), { code: "provider_auth", message });
  }
  assert.equal(headersOf(makeCall({ headers: { "X-Portkey-Provider": "openai" } }))["x-portkey-provider"], "openai");
  const wrong: Record<string, string>[] = [{ Authorization: "x" }, { host: "x" }, { "content-length": "1" }, {
    "a b": "x",
  }, { a: "x\ny" }];
  for (const headers of wrong) {
    const message = "Cannot send the headers of this bot: one of them is not allowed";
    assert.throws(() => headersOf(makeCall({ headers })), { code: "provider_refused", message });
  }
});

Deno.test("Azure takes a key in a header of its own, and a token as everyone does", () => {
  const headers = (host: string, accessKey: string) => {
    const { authorization, "api-key": key } = headersOf(makeCall({ baseUrl: new URL(`https://${host}`), accessKey }));
    return [authorization, key];
  };
  for (const host of ["a.openai.azure.com", "a.cognitiveservices.azure.com", "a.services.ai.azure.com"]) {
    assert.deepEqual(headers(host, "0f1e"), [undefined, "0f1e"]);
    assert.deepEqual(headers(host, "eyJ0eXAi.eyJhdWQi.x-_y"), ["Bearer eyJ0eXAi.eyJhdWQi.x-_y", undefined]);
  }
  assert.deepEqual(headers("openai.azure.com.test", "0f1e"), ["Bearer 0f1e", undefined]);
});

Deno.test("a refusal names the fields that the request can do without", () => {
  const body = bodyOf(makeCall({ params: { max_tokens: 9, stop: ["END"], n: 2, user: "u" } }));
  const named = (message: string, rest = {}) => JSON.stringify({ error: { message, ...rest } });
  const cases: [body: string, wanted: string[], status?: number][] = [
    [named("Unsupported value: 'temperature' does not support 0.7 with this model."), ["temperature"]],
    [named("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", { param: "max_tokens" }), [
      "max_tokens",
    ]],
    [named("Not supported", { param: "stream_options.include_usage" }), ["stream_options"]],
    [named("Unknown field include_usage"), ["stream_options"]],
    [
      '{"detail":[{"loc":["body","stop"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}',
      ["stop"],
      422,
    ],
    [named("temperature and max_tokens are not supported"), ["temperature", "max_tokens"]],
    [named("The user asked for what is not allowed"), []],
    [named("Unsupported model", { param: "model" }), []],
    [named("Too many tokens"), []],
    [named("'temperature' is not supported"), [], 500],
  ];
  for (const [said, wanted, status = 400] of cases) {
    assert.deepEqual(refusedFields(status, readProblem(said), body, RESERVED), wanted, said);
  }
});

Deno.test("a limit that is refused for its name is sent under the other one", () => {
  const problem = readProblem("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
  const body: Record<string, unknown> = { max_tokens: 9, stop: "END" };
  leaveOut(["max_tokens"], body, problem);
  assert.deepEqual(body, { max_completion_tokens: 9, stop: "END" });
  leaveOut(["max_completion_tokens", "stop"], body, problem);
  assert.deepEqual(body, {});
});
