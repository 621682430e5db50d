/** Cancel: stops a generation wherever it runs, keeps what was said, and is nobody else's to ask for. */

import { deepStrictEqual as equal } from "node:assert/strict";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import { post } from "../../testkit/reader.ts";
import { signUp, storedMessage, type Target } from "../../testkit/target.ts";
import {
  ask,
  cancel,
  conversationOf,
  givenAuthor,
  messagesOf,
  open,
  readToEnd,
  refused,
  type Scenario,
  tell,
  visible,
  waits,
} from "./scenario.ts";

/** A generation that has said "Once" and goes on saying nothing. */
async function givenRunning(target: Target, provider: ScriptedProvider, stream_id: string = crypto.randomUUID()) {
  const author = await givenAuthor(target, provider, waits);
  const stream = await open(target, author.user, { prompt: "Begin", stream_id });
  const call = await provider.called(author.baseUrl);
  await call.token("Once");
  const seen = await stream.until("token");
  return { ...author, stream_id, stream, seen, call };
}

async function answerOf(response: Response) {
  return { status: response.status, body: await response.json() };
}

export const cancels: Scenario[] = [{
  title: "cancel ends the stream as cancelled, ends the provider's request and keeps the text",
  async run(target, provider) {
    const { user, baseUrl, stream_id, stream, seen, call } = await givenRunning(target, provider);
    const response = await cancel(target, user, stream_id);
    equal(response.headers.get("access-control-allow-origin"), "*");
    equal(await answerOf(response), { status: 202, body: { stream_id, status: "cancelling" } });
    const { end, last, text } = await readToEnd(stream, seen);
    await call.closed;
    equal(provider.open(baseUrl), 0);
    const stored = await storedMessage(target, user, stream_id);
    equal([end, text], ["done", "Once"]);
    equal(last, { stream_id, message_id: stored.id, is_complete: false, finish_reason: "cancelled", usage: null });
    equal([stored.content, stored.is_complete, stored.finish_reason], ["Once", false, "cancelled"]);
  },
}, {
  title: "the id may stand in the path, with any characters that it may have",
  async run(target, provider) {
    const id = `a.B_c:d-${crypto.randomUUID()}`;
    const { user, stream_id, stream, seen } = await givenRunning(target, provider, id);
    const url = `${target.workers.at(-1)}/cancel/${encodeURIComponent(stream_id)}`;
    const response = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${user.token}` } });
    equal(await answerOf(response), { status: 202, body: { stream_id, status: "cancelling" } });
    equal((await readToEnd(stream, seen)).last.finish_reason, "cancelled");
  },
}, {
  title: "cancel twice is cancel once",
  async run(target, provider) {
    const { user, stream_id, stream, seen } = await givenRunning(target, provider);
    const answers = await Promise.all([1, 2].map(async () => await answerOf(await cancel(target, user, stream_id))));
    // The beat may come between the two.
    const cancelled = { status: 200, body: { stream_id, status: "cancelled" } };
    for (const answer of answers) {
      equal(answer, answer.status === 200 ? cancelled : { status: 202, body: { stream_id, status: "cancelling" } });
    }
    equal(answers.some(({ status }) => status === 202), true);
    equal((await readToEnd(stream, seen)).last.finish_reason, "cancelled");
    equal(await answerOf(await cancel(target, user, stream_id)), cancelled);
  },
}, {
  title: "cancel after the end changes nothing and says how it ended",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const { start: { stream_id } } = await tell(target, user, { prompt: "Begin" });
    const before = await storedMessage(target, user, stream_id);
    equal(await answerOf(await cancel(target, user, stream_id)), {
      status: 200,
      body: { stream_id, status: "completed" },
    });
    equal(await storedMessage(target, user, stream_id), before);
  },
}, {
  title: "cancel before the first token leaves the user's prompt and no answer",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin", stream_id: crypto.randomUUID() });
    const seen = await stream.until("start");
    const call = await provider.called(baseUrl);
    await cancel(target, user, JSON.parse(seen[0].data).stream_id).then((response) => response.body?.cancel());
    const { start, end, last } = await readToEnd(stream, seen);
    await call.closed;
    equal([end, last.message_id, last.is_complete, last.finish_reason], ["done", null, false, "cancelled"]);
    const messages = await messagesOf(target, user, start.conversation_id);
    equal(messages.map(({ id }) => id), [start.user_message_id]);
  },
}, {
  title: "a reroll that is cancelled before any text leaves the story as it was",
  async run(target, provider) {
    const { user, baseUrl, stream_id, stream, seen, call } = await givenRunning(target, provider);
    const [first] = await Promise.all([readToEnd(stream, seen), call.finish()]);
    const { conversation_id } = first.start;
    const story = async () => [
      await conversationOf(target, user, conversation_id),
      await messagesOf(target, user, conversation_id),
    ];
    const before = await story();
    const reroll = await open(target, user, { reroll_of: first.last.message_id, stream_id: `${stream_id}-2` });
    const begun = await reroll.until("start");
    const second = await provider.called(baseUrl, 2);
    await cancel(target, user, `${stream_id}-2`).then((response) => response.body?.cancel());
    equal((await readToEnd(reroll, begun)).last.finish_reason, "cancelled");
    await second.closed;
    equal(await story(), before);
  },
}, {
  title: "another user's stream cannot be cancelled, nor told from an unknown one",
  async run(target, provider) {
    const { stream_id, stream, seen, call } = await givenRunning(target, provider);
    const mallory = await signUp(target);
    const unknown = await visible(await cancel(target, mallory, crypto.randomUUID()));
    equal(await visible(await cancel(target, mallory, stream_id)), unknown);
    const byPath = await post(`${target.workers[0]}/cancel/${stream_id}`, mallory.token, "");
    equal((await visible(byPath)).body, unknown.body);
    await refused(await cancel(target, mallory, stream_id), 404, "stream_not_found");
    const [{ last }] = await Promise.all([readToEnd(stream, seen), call.finish()]);
    equal([last.is_complete, last.finish_reason], [true, "stop"]);
  },
}, {
  title: "cancel refuses what it cannot understand",
  async run(target) {
    const user = await signUp(target);
    const url = `${target.workers.at(-1)}/cancel`;
    for (
      const [body, path] of [
        [{}, "stream_id"],
        [{ stream_id: 1 }, "stream_id"],
        [{ stream_id: "x", force: true }, "force"],
      ] as const
    ) {
      const { issues } = await refused(await post(url, user.token, body), 400, "invalid_request");
      equal(issues.map((issue: { path: string }) => issue.path), [path]);
    }
    await refused(await post(url, user.token, "{"), 400, "invalid_request");
    await refused(await post(url, user.token, "{}", { "content-type": "text/plain" }), 415, "unsupported_media_type");
    await refused(await post(`${url}/${"x".repeat(129)}`, user.token, ""), 404, "stream_not_found");
    await refused(await post(`${url}/${encodeURIComponent("no id")}`, user.token, ""), 404, "stream_not_found");
    const get = await fetch(url, { headers: { authorization: `Bearer ${user.token}` } });
    equal(get.headers.get("allow"), "POST, OPTIONS");
    await refused(get, 405, "method_not_allowed");
    // The function itself is not shadowed by what stands behind its name.
    await refused(await ask(target, user, { prompt: "x" }), 404, "bot_not_found");
  },
}];
