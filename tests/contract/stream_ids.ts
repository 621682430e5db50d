/** A stream_id names one generation for ever, each time it is sent. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor, visible } from "../../testkit/author.ts";
import { answers, refuses, waits } from "../../testkit/provider.ts";
import { expectRefusal, readEvents, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

export const streamIds: Scenario[] = [{
  title: "a POST that wants to go on reading starts nothing if it has no stream_id: clients repeat it by themselves",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const stream_id = crypto.randomUUID();
    await author.generate({ prompt: "one", stream_id });
    const headers = { "last-event-id": "5" };
    await expectRefusal(await author.ask({ prompt: "one" }, { headers }), 409, "stream_id_required");
    const { text } = await readToEnd(readEvents(await author.ask({ prompt: "one", stream_id }, { headers })), 5);
    equal([text, author.calls().length], ["upon a time.", 1]);
  },
}, {
  title: "a stream_id may be the name of what every object has",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("Once ", "upon a time."));
    // Names are taken for ever, and these tests may run again.
    const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "isPrototypeOf"];
    let started = 0;
    for (const stream_id of names) {
      const response = await author.ask({ prompt: "one", stream_id });
      if (response.status === 409) {
        await response.body?.cancel();
        continue;
      }
      const { text, last } = await readToEnd(readEvents(response));
      equal([text, last.stream_id, last.is_complete], ["Once upon a time.", stream_id, true]);
      equal((await author.stored(stream_id)).content, text);
      for (const worker of target.workers) equal((await author.replay(stream_id, { worker })).last, last);
      if (++started === 3) break;
    }
  },
}, {
  title: "a stream_id that another user has taken is refused, and the refusal does not say whose it is",
  async run(target, provider) {
    const alice = await newAuthor(target, provider);
    const mallory = await newAuthor(target, provider);
    const stream_id = crypto.randomUUID();
    await alice.generate({ prompt: "one", stream_id });
    const { status, headers, body } = await visible(await mallory.ask({ prompt: "one", stream_id }));
    equal([status, JSON.parse(body).error.code, headers["x-stream-id"]], [409, "stream_id_taken", undefined]);
    equal(await mallory.rest("conversations?select=id"), []);
    equal(mallory.calls().length, 0);
  },
}, {
  title: "the same stream_id again joins the generation that runs, and is no second bill",
  async run(target, provider) {
    const author = await newAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const first = await author.open({ prompt: "one", stream_id });
    const call = await author.called();
    await call.token("Once upon");
    await first.untilText("Once upon");
    const again = [];
    for (const worker of target.workers) {
      // Another prompt under the same id is still that generation.
      for (const [from, prompt] of [[0, "one"], [5, "two"]] as const) {
        const headers: Record<string, string> = from === 0 ? {} : { "last-event-id": String(from) };
        const response = await author.ask({ prompt, stream_id }, { worker, headers });
        const names = ["x-stream-id", "ratelimit-limit", "ratelimit-remaining"];
        const values = names.map((name) => response.headers.get(name));
        equal([response.status, ...values], [200, stream_id, "5", "4"]);
        again.push({ from, reader: readEvents(response) });
      }
    }
    await call.token(" a time.");
    const [whole] = await Promise.all([readToEnd(first), call.finish()]);
    for (const { from, reader } of again) {
      const { start, text, last } = await readToEnd(reader, from);
      equal([text, last], ["Once upon a time.".slice(from), whole.last]);
      if (from === 0) equal(start, whole.start);
    }
    equal(author.calls().length, 1);
    const messages = await author.rest("messages?select=content&order=is_user_author.desc");
    equal(messages.map(({ content }: { content: string }) => content), ["one", "Once upon a time."]);
  },
}, {
  title: "the same stream_id again after the end replays it, also if the user may start no generation any more",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const body = { prompt: "one", stream_id: crypto.randomUUID() };
    const first = await author.generate(body);
    for (let left = 4; left > 0; left--) await author.generate({ prompt: "x" });
    await expectRefusal(await author.ask({ prompt: "x" }), 429, "rate_limited");
    for (const worker of [...target.workers, ...target.workers]) {
      const { response, events, start, text, last } = await author.generate(body, { worker });
      equal(response.headers.get("ratelimit-remaining"), "0");
      equal(events.map(({ event }) => event), ["start", "token", "done"]);
      equal([start, text, last], [first.start, first.text, first.last]);
    }
    equal([author.calls().length, (await author.rest("messages?select=id")).length], [5, 10]);
  },
}, {
  title: "a stream_id that ended without text stays taken, and is replayed so",
  async run(target, provider) {
    const author = await newAuthor(target, provider, refuses(429, { error: { message: "Slow down" } }));
    const body = { prompt: "one", stream_id: crypto.randomUUID() };
    const { start } = await author.generate(body);
    const again = await author.generate(body);
    const { code, retryable } = again.last;
    equal([again.start, again.text, code, retryable], [start, "", "provider_rate_limited", true]);
    equal(author.calls().length, 1);
  },
}];
