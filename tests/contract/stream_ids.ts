/** A stream_id names one generation for ever, whoever asks again. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { post, readStory } from "../../testkit/reader.ts";
import { rest } from "../../testkit/target.ts";
import {
  ask,
  givenAuthor,
  open,
  readFrom,
  readToEnd,
  refused,
  refuses,
  type Scenario,
  tell,
  untilText,
  visible,
  waits,
} from "./scenario.ts";

export const streamIds: Scenario[] = [{
  title: "a stream_id that another user has taken is refused, and says nothing of whose it is",
  async run(target, provider) {
    const alice = await givenAuthor(target, provider);
    const mallory = await givenAuthor(target, provider);
    const stream_id = crypto.randomUUID();
    await tell(target, alice.user, { prompt: "one", stream_id });
    const foreign = await visible(await ask(target, mallory.user, { prompt: "one", stream_id }));
    equal(foreign.status, 409);
    equal(JSON.parse(foreign.body).error.code, "stream_id_taken");
    equal(foreign.headers["x-stream-id"], undefined);
    equal(await rest(target, mallory.user, "conversations?select=id"), []);
    equal(provider.calls(mallory.baseUrl).length, 0);
  },
}, {
  title: "the same stream_id again is let into the generation that runs, and is no second bill",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const body = { prompt: "one", stream_id };
    const first = await open(target, user, body);
    const call = await provider.called(baseUrl);
    await call.token("Once upon");
    const begun = await untilText(first, "Once upon");
    const again = [];
    for (const worker of target.workers) {
      for (const from of [0, 5]) {
        // Another prompt under the same id is still that generation.
        const response = await post(`${worker}/stream`, user.token, {
          ...body,
          prompt: from === 0 ? "one" : "two",
        }, from === 0 ? {} : { "last-event-id": String(from) });
        const header = (name: string) => response.headers.get(name);
        equal([
          response.status,
          header("x-stream-id"),
          header("ratelimit-limit"),
          header("ratelimit-remaining"),
        ], [200, stream_id, "5", "4"]);
        match(header("ratelimit-reset") ?? "", /^([1-9]|[1-5]\d|60)$/);
        again.push({ from, stream: readStory(response) });
      }
    }
    await call.token(" a time.");
    const [whole] = await Promise.all([readToEnd(first, begun), call.finish()]);
    for (const { from, stream } of again) {
      const { events, text, end, last } = await readFrom(stream, from);
      equal(text, "Once upon a time.".slice(from));
      equal([end, last], ["done", whole.last]);
      if (from === 0) equal(JSON.parse(events[0].data), whole.start);
    }
    equal(provider.calls(baseUrl).length, 1);
    const messages = await rest(target, user, "messages?select=content&order=is_user_author.desc");
    equal(messages.map(({ content }: { content: string }) => content), ["one", "Once upon a time."]);
  },
}, {
  title: "the same stream_id again after the end replays it, also where no generation may start any more",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    const stream_id = crypto.randomUUID();
    const body = { prompt: "one", stream_id };
    const first = await tell(target, user, body);
    for (let left = 4; left > 0; left--) {
      await tell(target, user, { prompt: "x" });
    }
    await refused(await ask(target, user, { prompt: "x" }), 429, "rate_limited");
    for (const worker of [...target.workers, ...target.workers]) {
      const response = await post(`${worker}/stream`, user.token, body);
      equal(response.headers.get("ratelimit-remaining"), "0");
      const { events, start, text, last } = await readToEnd(readStory(response));
      equal(events.map(({ event }) => event), ["start", "token", "done"]);
      equal([start, text, last], [first.start, first.text, first.last]);
    }
    equal(provider.calls(baseUrl).length, 5);
    const messages = await rest(target, user, "messages?select=id");
    equal(messages.length, 10);
  },
}, {
  title: "a stream_id that ended without text stays taken, and replays so",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, refuses(429, { error: { message: "Slow down" } }));
    const body = { prompt: "one", stream_id: crypto.randomUUID() };
    const first = await tell(target, user, body);
    const again = await tell(target, user, body);
    equal(again.start, first.start);
    equal([again.text, again.end, again.last.code, again.last.retryable], ["", "error", "provider_rate_limited", true]);
    equal(provider.calls(baseUrl).length, 1);
  },
}];
