/** What POST /stream refuses before anything is asked of the database, and each limit of a request, met and passed. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  MAX_BODY_BYTES,
  MAX_BODY_ESCAPES,
  MAX_BODY_VALUES,
  MAX_CANCEL_BODY_BYTES,
  MAX_CONTEXT_CHARACTERS,
  MAX_CONTEXT_MESSAGES,
  MAX_ID_CHARACTERS,
  MAX_ISSUES,
  MAX_PROMPT_CHARACTERS,
  MAX_STREAM_ID_CHARACTERS,
  MAX_SYSTEM_CHARACTERS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { answers } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

const ID = "3f0d4a52-7f0e-4a0b-9a51-0c3f7f6f1f10";

/** A body, and what the refusal names: the path of the field, and the limit if there is one. */
const WRONG: [body: unknown, path: string, limit?: number][] = [
  [{ prompt: "x", promt: "x" }, "promt"],
  [{ prompt: 7 }, "prompt"],
  [{ prompt: null }, "prompt"],
  [{ prompt: "" }, "prompt"],
  [{ prompt: "🦄".repeat(MAX_PROMPT_CHARACTERS + 1) }, "prompt", MAX_PROMPT_CHARACTERS],
  [{ prompt: "nul \0" }, "prompt"],
  [{ prompt: "lone \ud800" }, "prompt"],
  [{}, "prompt"],
  [{ system: "x" }, "prompt"],
  [{ prompt: "x", reroll_of: ID }, "reroll_of"],
  [{ reroll_of: "" }, "reroll_of"],
  [{ reroll_of: null }, "prompt"],
  [{ reroll_of: ID, parent_id: ID }, "parent_id"],
  [{ reroll_of: ID, parent_id: null }, "parent_id"],
  [{ prompt: "x", parent_id: 1.5 }, "parent_id"],
  [{ prompt: "x", messages: [{ role: "user", content: "x" }] }, "messages"],
  [{ prompt: "x", bot_id: "my\nbot" }, "bot_id"],
  [{ prompt: "x", bot_id: "x".repeat(MAX_ID_CHARACTERS + 1) }, "bot_id", MAX_ID_CHARACTERS],
  [{ prompt: "x", system: ["x"] }, "system"],
  [{ prompt: "x", system: "x".repeat(MAX_SYSTEM_CHARACTERS + 1) }, "system", MAX_SYSTEM_CHARACTERS],
  [{ prompt: "x", stream_id: " " }, "stream_id", MAX_STREAM_ID_CHARACTERS],
  [{ prompt: "x", stream_id: "x".repeat(MAX_STREAM_ID_CHARACTERS + 1) }, "stream_id", MAX_STREAM_ID_CHARACTERS],
  [{ prompt: "x", stream_id: "a/b" }, "stream_id"],
  [{ prompt: "x", stream_id: "a\nb" }, "stream_id"],
  [{ prompt: "x", on_disconnect: "explode" }, "on_disconnect"],
  [[], ""],
  ["prompt", ""],
  [null, ""],
];

const JSON_TYPE = { "content-type": "application/json" };
const pathsOf = (issues: { path: string }[]) => issues.map(({ path }) => path);

/** POST /stream with any body. */
function send(target: { workers: string[] }, token: string, init: RequestInit): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...init.headers };
  return fetch(`${target.workers[0]}/stream`, { method: "POST", ...init, headers });
}

const SAID = { role: "user", content: "x" };

export const requests: Scenario[] = [{
  title: "every field that is wrong is refused by its name, with the limit if there is one, and costs nothing",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    for (const [body, path, limit] of WRONG) {
      const text = JSON.stringify(body);
      const { issues } = await expectRefusal(await author.ask(text), 400, "invalid_request");
      equal(pathsOf(issues), [path], text.slice(0, 80));
      if (limit) ok(issues[0].message.includes(limit), JSON.stringify(issues));
    }
    equal(await author.rest("conversations?select=id"), []);
    const { response } = await author.generate({ prompt: "x" });
    equal([response.headers.get("ratelimit-remaining"), author.calls().length], ["4", 1]);
  },
}, {
  title: `what is wrong is named at once, up to ${MAX_ISSUES} fields`,
  async run(target) {
    const client = await newClient(target);
    const response = await client.ask({ prompt: 7, bot_id: {}, one: 1 });
    equal(pathsOf((await expectRefusal(response, 400, "invalid_request")).issues).sort(), ["bot_id", "one", "prompt"]);
    for (const count of [MAX_ISSUES, MAX_ISSUES + 1]) {
      const names = Array.from({ length: count }, (_, index) => `field_${index}`);
      const body = { prompt: "x", ...Object.fromEntries(names.map((name) => [name, 1])) };
      const { issues } = await expectRefusal(await client.ask(body), 400, "invalid_request");
      equal(pathsOf(issues), names.slice(0, MAX_ISSUES));
    }
  },
}, {
  title: "texts at their limits are taken, counted in characters",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const prompt = "🦄".repeat(MAX_PROMPT_CHARACTERS);
    const system = "é".repeat(MAX_SYSTEM_CHARACTERS);
    const stream_id = crypto.randomUUID().padEnd(MAX_STREAM_ID_CHARACTERS, "s");
    await author.generate({ prompt, system, stream_id });
    const context = [{ role: "system", content: system }, { role: "user", content: prompt }];
    equal(author.calls()[0].body.messages, context);
  },
}, {
  title: "a body that is not JSON in UTF-8 is refused",
  async run(target) {
    const { user } = await newClient(target);
    for (const body of ["", "{", "prompt=x", '{"prompt":"x"}}', Uint8Array.of(0x22, 0xff, 0x22)]) {
      const response = await send(target, user.token, { body, headers: JSON_TYPE });
      await expectRefusal(response, 400, "invalid_request");
    }
  },
}, {
  title: `a body of more than ${MAX_BODY_BYTES} bytes is refused, and the limit is named`,
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const body = (bytes: number) => JSON.stringify({ prompt: "x" }).padEnd(bytes);
    await author.generate(body(MAX_BODY_BYTES));
    const over = await author.ask(body(MAX_BODY_BYTES + 1));
    ok((await expectRefusal(over, 413, "payload_too_large")).message.includes(`${MAX_BODY_BYTES} bytes`));
  },
}, {
  title:
    `a body of more than ${MAX_BODY_VALUES} values or ${MAX_BODY_ESCAPES} escapes is refused, and the limit is named`,
  async run(target) {
    const { ask } = await newClient(target);
    // One too many, at the end: of what is refused earlier the rest is not read, and its client may meet a reset.
    const cases: [string, number][] = [
      [`{"prompt":"x","a":${"[".repeat(MAX_BODY_VALUES)}`, MAX_BODY_VALUES],
      [`{${Array.from({ length: MAX_BODY_VALUES + 1 }, (_, index) => `"k${index}":1`).join()}}`, MAX_BODY_VALUES],
      [JSON.stringify({ prompt: "\n".repeat(MAX_BODY_ESCAPES + 1) }), MAX_BODY_ESCAPES],
    ];
    for (const [body, limit] of cases) {
      const { issues } = await expectRefusal(await ask(body), 400, "invalid_request");
      ok(issues![0].message.includes(`at most ${limit} `));
    }
  },
}, {
  title: `a cancel of more than ${MAX_CANCEL_BODY_BYTES} bytes is refused`,
  async run(target) {
    const { user } = await newClient(target);
    for (const [bytes, status, code] of [[0, 404, "stream_not_found"], [1, 413, "payload_too_large"]] as const) {
      const response = await fetch(`${target.workers[0]}/cancel`, {
        method: "POST",
        headers: { authorization: `Bearer ${user.token}`, ...JSON_TYPE },
        body: JSON.stringify({ stream_id: "none" }).padEnd(MAX_CANCEL_BODY_BYTES + bytes),
      });
      await expectRefusal(response, status, code);
    }
  },
}, {
  title: `a context of more than ${MAX_CONTEXT_CHARACTERS} characters is refused, and the limit is named`,
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const conversation_id = await author.insert("conversations");
    let parent_id: string | undefined;
    for (const length of [...Array(3).fill(MAX_CONTEXT_CHARACTERS / 4), MAX_CONTEXT_CHARACTERS / 4 - 1]) {
      const content = "x".repeat(length);
      parent_id = await author.insert("messages", { conversation_id, parent_id, content, is_user_author: true });
    }
    await author.generate({ prompt: "y", parent_id });
    const over = await author.ask({ prompt: "yy", parent_id });
    const { message } = await expectRefusal(over, 413, "payload_too_large");
    ok([1, 0].every((more) => message.includes(`${MAX_CONTEXT_CHARACTERS + more}`)), message);
    equal(author.calls().length, 1);
  },
}, {
  title: `messages of more than ${MAX_CONTEXT_MESSAGES} or ${MAX_CONTEXT_CHARACTERS} characters are refused`,
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const long = { role: "assistant", content: "x".repeat(MAX_CONTEXT_CHARACTERS - 1) };
    const [full, most] = [[long, SAID], Array(MAX_CONTEXT_MESSAGES).fill(SAID)];
    for (const messages of [full, most]) await author.generate({ messages });
    for (const messages of [[SAID, ...full], [SAID, ...most]]) {
      const { issues } = await expectRefusal(await author.ask({ messages }), 400, "invalid_request");
      equal(pathsOf(issues), ["messages"]);
    }
    equal(author.calls()[0].body.messages, full);
  },
}, {
  title: "null and an empty id count as absent",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const nulls = { messages: null, reroll_of: null, conversation_id: null, system: null, on_disconnect: null };
    const { start } = await author.generate({ prompt: "x", ...nulls, bot_id: "", stream_id: "" });
    equal([start.bot_id, (await author.stored(start.stream_id)).content], [author.botId, "Once upon a time."]);
  },
}, {
  title: "a body that is not announced as JSON is refused",
  async run(target, provider) {
    const { user } = await newAuthor(target, provider);
    const body = JSON.stringify({ prompt: "x" });
    for (const type of ["text/plain", "application/jsonp"]) {
      const response = await send(target, user.token, { body, headers: { "content-type": type } });
      ok((await expectRefusal(response, 415, "unsupported_media_type")).message.includes(type));
    }
    const untyped = await send(target, user.token, { body: new TextEncoder().encode(body) });
    await expectRefusal(untyped, 415, "unsupported_media_type");
    const headers = { "content-type": "Application/JSON; charset=utf-8" };
    const response = await send(target, user.token, { body, headers });
    equal([response.status, (await response.text()) !== ""], [200, true]);
  },
}, {
  title: "other methods are refused, and Allow names those that are not",
  async run(target) {
    const { user } = await newClient(target);
    const cases = [["stream", "PUT", "GET, HEAD, POST, OPTIONS"], ["stream", "DELETE", "GET, HEAD, POST, OPTIONS"]];
    cases.push(["cancel", "GET", "POST, OPTIONS"], ["healthz", "POST", "GET, HEAD, OPTIONS"]);
    for (const [name, method, allow] of cases) {
      const headers = { authorization: `Bearer ${user.token}` };
      const response = await fetch(`${target.workers[0]}/${name}`, { method, headers });
      equal(response.headers.get("allow")?.split(", ").sort(), allow.split(", ").sort(), `${method} ${name}`);
      await expectRefusal(response, 405, "method_not_allowed");
    }
  },
}, {
  title: "ids are taken as numbers and as strings, and sent as the database has them",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("Once"));
    const first = await author.generate({ prompt: "A story", bot_id: author.botId });
    const { conversation_id, bot_id, user_message_id, parent_id } = first.start;
    const answer = await author.stored(first.last.stream_id);
    const [{ id }] = await author.rest("conversations?select=id");
    equal([conversation_id, bot_id, first.last.message_id], [id, author.botId, answer.id]);
    equal([user_message_id, parent_id], [answer.parent_id, answer.parent_id]);
    const second = await author.generate({
      prompt: "And then?",
      conversation_id: String(conversation_id),
      bot_id: String(bot_id),
      parent_id: String(first.last.message_id),
    });
    equal(second.start.conversation_id, conversation_id);
    const { stream_id, ...start } = second.start;
    const replayed = await author.replay(stream_id);
    equal(JSON.stringify(replayed.start), JSON.stringify({ stream_id, ...start }));
    equal(replayed.last.message_id, second.last.message_id);
    for (const wrong of ["no id", 7e15, "99999999999999999999"]) {
      await expectRefusal(await author.ask({ prompt: "Hi", conversation_id: wrong }), 404, "conversation_not_found");
      await expectRefusal(await author.ask({ prompt: "Hi", bot_id: wrong }), 404, "bot_not_found");
    }
  },
}];
