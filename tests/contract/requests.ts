/** What POST /stream refuses before anything is asked of the database, by the name of the field. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { rest, signUp, type Target, type TestUser } from "../../testkit/target.ts";
import { ask, givenAuthor, refused, type Scenario, tell } from "./scenario.ts";

const ID = "3f0d4a52-7f0e-4a0b-9a51-0c3f7f6f1f10";

/** A body, and what the refusal names: the path of the field, and where there is one the limit. */
const WRONG: [body: unknown, path: string, limit?: string][] = [
  [{ prompt: "x", promt: "x" }, "promt"],
  [{ prompt: 7 }, "prompt"],
  [{ prompt: null }, "prompt"],
  [{ prompt: "" }, "prompt"],
  [{ prompt: "x".repeat(32_001) }, "prompt", "32000"],
  [{ prompt: "🦄".repeat(32_001) }, "prompt", "32000"],
  [{ prompt: "nul \0" }, "prompt"],
  [{ prompt: "lone \ud800" }, "prompt"],
  [{}, "prompt"],
  [{ system: "x" }, "prompt"],
  [{ prompt: "x", reroll_of: ID }, "reroll_of"],
  [{ reroll_of: "not-an-id" }, "reroll_of"],
  [{ reroll_of: null }, "reroll_of"],
  [{ reroll_of: ID, parent_id: ID }, "parent_id"],
  [{ reroll_of: ID, parent_id: null }, "parent_id"],
  [{ prompt: "x", parent_id: "root" }, "parent_id"],
  [{ prompt: "x", conversation_id: 1 }, "conversation_id"],
  [{ prompt: "x", conversation_id: null }, "conversation_id"],
  [{ prompt: "x", bot_id: "my-bot" }, "bot_id"],
  [{ prompt: "x", system: ["x"] }, "system"],
  [{ prompt: "x", system: "x".repeat(16_001) }, "system", "16000"],
  [{ prompt: "x", stream_id: "" }, "stream_id", "128"],
  [{ prompt: "x", stream_id: "x".repeat(129) }, "stream_id", "128"],
  [{ prompt: "x", stream_id: "a/b" }, "stream_id"],
  [{ prompt: "x", stream_id: "a\nb" }, "stream_id"],
  [{ prompt: "x", on_disconnect: "explode" }, "on_disconnect"],
  [[], ""],
  ["prompt", ""],
  [null, ""],
];

const NOT_JSON = ["", "{", '{"prompt":"x"', "prompt=x", '{"prompt":"x"}}'];

function send(target: Target, user: TestUser, init: RequestInit) {
  return fetch(`${target.workers[0]}/stream`, {
    method: "POST",
    ...init,
    headers: { authorization: `Bearer ${user.token}`, ...init.headers },
  });
}

export const requests: Scenario[] = [{
  title: "every field that is wrong is refused by its name, with the limit where there is one",
  async run(target) {
    const user = await signUp(target);
    for (const [body, path, limit] of WRONG) {
      const text = JSON.stringify(body);
      const { issues } = await refused(await ask(target, user, text), 400, "invalid_request");
      const at = `${text.slice(0, 80)}: ${JSON.stringify(issues)}`;
      equal(issues.map((issue: { path: string }) => issue.path), [path], at);
      if (limit) ok(issues[0].message.includes(limit), at);
    }
  },
}, {
  title: "all that is wrong is named at once",
  async run(target) {
    const user = await signUp(target);
    const response = await ask(target, user, { prompt: 7, bot_id: "b", one: 1, two: 2 });
    const { issues } = await refused(response, 400, "invalid_request");
    const paths = issues.map((issue: { path: string }) => issue.path).sort();
    equal(paths, ["bot_id", "one", "prompt", "two"]);
  },
}, {
  title: "texts at their limits are taken, counted as people count",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    const prompt = "🦄".repeat(32_000);
    const system = "é".repeat(16_000);
    const stream_id = "s".repeat(100) + crypto.randomUUID().slice(0, 28);
    await tell(target, user, { prompt, system, stream_id });
    equal(provider.calls(baseUrl)[0].body.messages, [{
      role: "system",
      content: system,
    }, { role: "user", content: prompt }]);
  },
}, {
  title: "a body that is not JSON in UTF-8 is refused",
  async run(target) {
    const user = await signUp(target);
    const headers = { "content-type": "application/json" };
    const bodies = [...NOT_JSON, Uint8Array.of(0x22, 0xff, 0x22)];
    for (const body of bodies) {
      await refused(await send(target, user, { body, headers }), 400, "invalid_request");
    }
  },
}, {
  title: "a body of more than 256 KiB is refused, and the limit is named",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const body = (bytes: number) => {
      const text = JSON.stringify({ prompt: "x" });
      return text + " ".repeat(bytes - text.length);
    };
    await tell(target, user, body(256 * 1024));
    const { message } = await refused(await ask(target, user, body(256 * 1024 + 1)), 413, "payload_too_large");
    match(message, /\b262144 bytes\b/);
  },
}, {
  title: "a story whose path is too long for one request is refused, and the limit is named",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    const { start } = await tell(target, user, { prompt: "Begin" });
    const { conversation_id } = start;
    const [long] = await rest(target, user, "messages?select=id", {
      method: "POST",
      prefer: "return=representation",
      body: { user_id: user.id, conversation_id, content: "x".repeat(4_000_000) },
    });
    const response = await ask(target, user, { prompt: "y", parent_id: long.id });
    const { message } = await refused(response, 413, "payload_too_large");
    match(message, /\b4000001 characters.*\b4000000\b/);
    equal(provider.calls(baseUrl).length, 1);
  },
}, {
  title: "a body that is not announced as JSON is refused",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const body = JSON.stringify({ prompt: "x" });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const response = await send(target, user, { body, headers: { "content-type": type } });
      const { message } = await refused(response, 415, "unsupported_media_type");
      ok(message.includes(type), message);
    }
    const bytes = new TextEncoder().encode(body);
    await refused(await send(target, user, { body: bytes }), 415, "unsupported_media_type");
    const headers = { "content-type": "Application/JSON; charset=utf-8" };
    const response = await send(target, user, { body, headers });
    equal(response.status, 200);
    await response.text();
  },
}, {
  title: "other methods are refused, and Allow names those that are not",
  async run(target) {
    const user = await signUp(target);
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const response = await send(target, user, { method });
      const allow = response.headers.get("allow")?.split(", ") ?? [];
      ok(["GET", "POST", "OPTIONS"].every((name) => allow.includes(name)), `${method}: ${allow}`);
      ok(!allow.includes(method), `${method}: ${allow}`);
      await refused(response, 405, "method_not_allowed");
    }
  },
}, {
  title: "what is refused for its form is written nowhere and costs nothing",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    for (const [body] of WRONG.slice(0, 7)) {
      await refused(await ask(target, user, JSON.stringify(body)), 400, "invalid_request");
    }
    equal(await rest(target, user, "conversations?select=id"), []);
    const { response } = await tell(target, user, { prompt: "x" });
    equal(response.headers.get("ratelimit-remaining"), "4");
    equal(provider.calls(baseUrl).length, 1);
  },
}];
