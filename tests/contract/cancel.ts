/** Cancel: stops a generation wherever it runs, keeps its text, and is for its owner alone. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { newAuthor, newClient, newRunning, visible } from "../../testkit/author.ts";
import type { Target } from "../../testkit/people.ts";
import { type ScriptedProvider, waits } from "../../testkit/provider.ts";
import { expectRefusal, post, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** A generation that has said "Once" and says nothing more. */
async function givenRunning(target: Target, provider: ScriptedProvider, body: Record<string, unknown> = {}) {
  const running = await newRunning(target, provider, body);
  const cancelled = async () => {
    const response = await running.cancel(running.stream_id);
    return { status: response.status, body: await response.json() };
  };
  return { ...running, cancelled };
}

const cancelling = (stream_id: string) => ({ status: 202, body: { stream_id, status: "cancelling" } });

export const cancels: Scenario[] = [{
  title: "cancel ends the stream as cancelled, ends the provider's request and keeps the text",
  async run(target, provider) {
    const running = await givenRunning(target, provider);
    const { stream_id } = running;
    equal(await running.cancelled(), cancelling(stream_id));
    const { end, last, start, text } = await readToEnd(running.reader);
    await running.call.closed;
    equal(running.openCalls(), 0);
    const { id: message_id, content, is_complete, finish_reason } = await running.stored(stream_id);
    equal([end, text], ["done", "Once"]);
    const { bot_id, model } = start;
    equal(last, { stream_id, message_id, bot_id, model, is_complete: false, finish_reason: "cancelled", usage: null });
    equal([content, is_complete, finish_reason], ["Once", false, "cancelled"]);
  },
}, {
  title: "the id may stand in the path, with any characters that it may have",
  async run(target, provider) {
    const id = `a.B_c:d-${crypto.randomUUID()}`;
    const { user, reader } = await givenRunning(target, provider, { stream_id: id });
    const response = await post(`${target.workers.at(-1)}/cancel/${encodeURIComponent(id)}`, user.token, "");
    equal({ status: response.status, body: await response.json() }, cancelling(id));
    equal((await readToEnd(reader)).last.finish_reason, "cancelled");
  },
}, {
  title: "cancel twice is cancel once",
  async run(target, provider) {
    const { stream_id, reader, cancelled } = await givenRunning(target, provider);
    const ended = { status: 200, body: { stream_id, status: "cancelled" } };
    const both = await Promise.all([cancelled(), cancelled()]);
    // The beat may come between the two.
    for (const answer of both) equal(answer, answer.status === 200 ? ended : cancelling(stream_id));
    ok(both.some(({ status }) => status === 202));
    equal((await readToEnd(reader)).last.finish_reason, "cancelled");
    equal(await cancelled(), ended);
  },
}, {
  title: "cancel after the end changes nothing and says how it ended",
  async run(target, provider) {
    const { stream_id, reader, call, stored, cancelled } = await givenRunning(target, provider);
    await Promise.all([readToEnd(reader), call.finish()]);
    const before = await stored(stream_id);
    equal(await cancelled(), { status: 200, body: { stream_id, status: "completed" } });
    equal(await stored(stream_id), before);
  },
}, {
  title: "cancel before the first token leaves the user's prompt and no answer",
  async run(target, provider) {
    const author = await newAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const reader = await author.open({ prompt: "Begin", stream_id });
    const call = await author.called();
    await (await author.cancel(stream_id)).body?.cancel();
    const { start, end, last } = await readToEnd(reader);
    await call.closed;
    equal([end, last.message_id, last.is_complete, last.finish_reason], ["done", null, false, "cancelled"]);
    equal((await author.messages(start.conversation_id)).map(({ id }) => id), [start.user_message_id]);
  },
}, {
  title: "another user's stream cannot be cancelled, and looks like it does not exist",
  async run(target, provider) {
    const { stream_id, reader, call } = await givenRunning(target, provider);
    const mallory = await newClient(target);
    const unknown = await visible(await mallory.cancel(crypto.randomUUID()));
    equal(await visible(await mallory.cancel(stream_id)), unknown);
    const byPath = await post(`${target.workers[0]}/cancel/${stream_id}`, mallory.user.token, "");
    equal((await visible(byPath)).body, unknown.body);
    equal([unknown.status, JSON.parse(unknown.body).error.code], [404, "stream_not_found"]);
    const [{ last }] = await Promise.all([readToEnd(reader), call.finish()]);
    equal([last.is_complete, last.finish_reason], [true, "stop"]);
  },
}, {
  title: "cancel refuses what it cannot understand",
  async run(target) {
    const { user: { token } } = await newClient(target);
    const url = `${target.workers.at(-1)}/cancel`;
    for (const [body, path] of [[{}, "stream_id"], [{ stream_id: 1 }, "stream_id"], [{ stream_id: "x", a: 1 }, "a"]]) {
      const { issues } = await expectRefusal(await post(url, token, body), 400, "invalid_request");
      equal(issues.map((issue: { path: string }) => issue.path), [path]);
    }
    await expectRefusal(await post(url, token, "{"), 400, "invalid_request");
    await expectRefusal(await post(url, token, "{}", { "content-type": "text/plain" }), 415, "unsupported_media_type");
    for (const path of ["x".repeat(129), "no%20id"]) {
      await expectRefusal(await post(`${url}/${path}`, token, ""), 404, "stream_not_found");
    }
  },
}];
