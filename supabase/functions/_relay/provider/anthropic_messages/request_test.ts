import assert from "node:assert/strict";
import { VERSION } from "../../platform/version.ts";
import { makeCall as makeAnyCall } from "../../testing/provider.ts";
import { type ContextMessage, GO_ON, type ProviderCall } from "../provider.ts";
import { FIRST_TURN } from "../request.ts";
import { bodyOf, DEFAULT_MAX_TOKENS, endpointOf, headersOf } from "./request.ts";

const makeCall = (overrides: Partial<ProviderCall> = {}) => makeAnyCall({ temperature: null, ...overrides });

const turn = (role: ContextMessage["role"], content: string): ContextMessage => ({ role, content });

Deno.test("the address may be the base, with its version or without, or the endpoint itself, with a query", () => {
  const endpoints = {
    "/v1": "/v1/messages",
    "/v1/": "/v1/messages",
    "/": "/v1/messages",
    "/v1/messages": "/v1/messages",
    "/v1/messages/": "/v1/messages",
    "/anthropic": "/anthropic/v1/messages",
    "/anthropic/v1?a=b": "/anthropic/v1/messages?a=b",
    "/v1beta": "/v1beta/messages",
  };
  for (const [path, wanted] of Object.entries(endpoints)) {
    assert.equal(endpointOf({ baseUrl: new URL(path, "https://a.test") }), `https://a.test${wanted}`);
  }
});

Deno.test("the key has a header of its own; a bot may name another version, and never another key", () => {
  const headers = { "Anthropic-Version": "2030-01-01", "anthropic-beta": "x", "X-Api-Key": "other" };
  assert.deepEqual(headersOf(makeCall({ accessKey: " Bearer sk-ant-1\n", headers })), {
    ...{ accept: "application/json", "content-type": "application/json" },
    "user-agent": `storytellr-relay/${VERSION}`,
    ...{ "anthropic-version": "2030-01-01", "anthropic-beta": "x", "x-api-key": "sk-ant-1" },
  });
  const plain = headersOf(makeCall());
  assert.equal(plain["anthropic-version"], "2023-06-01");
  assert.deepEqual(["x-api-key" in plain, "authorization" in plain], [false, false]);
  assert.throws(() => headersOf(makeCall({ accessKey: "sk\u00e9" })), { code: "provider_auth" });
});

Deno.test("instructions stand apart, and the turns begin with the user and alternate", () => {
  const system = turn("system", "S");
  const cases: [given: ContextMessage[], overrides: Partial<ProviderCall>, system: string | undefined, string[]][] = [
    [[system, turn("user", "A")], {}, "S", ["user A"]],
    [[system, turn("system", "Memory"), turn("user", "A")], {}, "S\n\nMemory", ["user A"]],
    [[turn("user", "A"), turn("user", "B")], {}, undefined, ["user A\n\nB"]],
    [[system, turn("assistant", "A"), turn("user", "B")], {}, "S", [`user ${FIRST_TURN}`, "assistant A", "user B"]],
    [[turn("user", "A"), turn("assistant", "B")], {}, undefined, ["user A", "assistant B", `user ${GO_ON}`]],
    [[turn("user", "A"), turn("assistant", "B")], { isPrefilled: true }, undefined, ["user A", "assistant B"]],
    [[system], {}, "S", [`user ${FIRST_TURN}`]],
    [[system, turn("user", "A")], { takesSystem: false }, undefined, ["user S\n\nA"]],
    [[], {}, undefined, [`user ${FIRST_TURN}`]],
  ];
  for (const [messages, overrides, wanted, turns] of cases) {
    const body = bodyOf(makeCall({ messages, ...overrides }));
    const sent = (body.messages as ContextMessage[]).map(({ role, content }) => `${role} ${content}`);
    assert.deepEqual([body.system, sent], [wanted, turns]);
  }
});

Deno.test("the body has what the API requires, and params can set the rest; null leaves a field out", () => {
  const messages = [turn("user", "A")];
  assert.deepEqual(bodyOf(makeCall({ messages })), {
    ...{ model: "m", max_tokens: DEFAULT_MAX_TOKENS, messages, stream: true },
    cache_control: { type: "ephemeral" },
  });
  const params = { top_k: 5, cache_control: null, max_tokens: null, system: "other", stream: false, model: "dearer" };
  const body = bodyOf(makeCall({ messages, params: { ...params, messages: [] }, replyTokens: 9 }));
  assert.deepEqual(body, { top_k: 5, max_tokens: 9, model: "m", messages, stream: true });
});

Deno.test("the limit of the answer is the bot's, and has room for what the model may think", () => {
  const thinking = { type: "enabled", budget_tokens: 2_000 };
  const cases: [overrides: Partial<ProviderCall>, wanted: number][] = [
    [{ replyTokens: 9 }, 9],
    [{ replyTokens: 9, params: { max_tokens: 5 } }, 5],
    [{ replyTokens: 9, params: { thinking } }, 2_009],
    [{ params: { thinking } }, DEFAULT_MAX_TOKENS + 2_000],
    [{ params: { thinking: { type: "adaptive" } } }, DEFAULT_MAX_TOKENS],
    [{ params: { thinking: { budget_tokens: -5 } } }, DEFAULT_MAX_TOKENS],
    [{ params: { thinking: "yes" } }, DEFAULT_MAX_TOKENS],
    [{ replyTokens: 9, params: { thinking }, isPrefilled: true }, 9],
  ];
  for (const [overrides, wanted] of cases) assert.equal(bodyOf(makeCall(overrides)).max_tokens, wanted);
});

Deno.test("a temperature goes to 1, and is left out where the model thinks; nothing is thought before a prefill", () => {
  const on = { thinking: { type: "adaptive" } };
  const cases: [overrides: Partial<ProviderCall>, temperature: unknown, thinking?: unknown][] = [
    [{ temperature: 0 }, 0],
    [{ temperature: 0.7 }, 0.7],
    [{ temperature: 1.6 }, 1],
    [{ temperature: null }, undefined],
    [{ temperature: 0.7, params: on }, undefined, on.thinking],
    [{ temperature: 0.7, params: { thinking: { type: "disabled" } } }, 0.7, { type: "disabled" }],
    [{ temperature: 0.7, params: on, isPrefilled: true }, 0.7],
    [{ temperature: 0.7, params: { temperature: 0.2 } }, 0.2],
  ];
  for (const [overrides, temperature, thinking] of cases) {
    const body = bodyOf(makeCall(overrides));
    assert.deepEqual([body.temperature, body.thinking], [temperature, thinking]);
  }
});
