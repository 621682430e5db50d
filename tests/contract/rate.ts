/** The limits of a user: five generations a minute and three at once, over all workers. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { post, readStory } from "../../testkit/reader.ts";
import { rest } from "../../testkit/target.ts";
import { ask, givenAuthor, open, readToEnd, refused, type Scenario, tell, waits } from "./scenario.ts";

const SECONDS = /^([1-9]|[1-5]\d|60)$/;

function trio(response: Response) {
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((
    name,
  ) => response.headers.get(`ratelimit-${name}`) ?? "absent");
  match(reset, SECONDS);
  return [limit, remaining];
}

export const rate: Scenario[] = [{
  title: "the sixth generation of a minute is refused, whichever workers ran the others",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    const other = await givenAuthor(target, provider);
    for (let count = 0; count < 5; count++) {
      const worker = target.workers[count % target.workers.length];
      const response = await post(`${worker}/stream`, user.token, { prompt: "x" });
      await readToEnd(readStory(response));
      equal(trio(response), ["5", String(4 - count)]);
    }
    for (const worker of target.workers) {
      const response = await post(`${worker}/stream`, user.token, { prompt: "one too many" });
      equal(trio(response), ["5", "0"]);
      match(response.headers.get("retry-after") ?? "", SECONDS);
      const { message } = await refused(response, 429, "rate_limited");
      match(message, /\b5\b/);
    }
    equal(provider.calls(baseUrl).length, 5);
    const written = await rest(target, user, "messages?select=id&content=eq.one too many");
    equal(written, []);
    equal((await tell(target, other.user, { prompt: "x" })).end, "done", "Others have limits of their own");
  },
}, {
  title: "the fourth generation at once is refused, until one of the three has ended",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const running = [];
    for (let count = 0; count < 3; count++) {
      const worker = target.workers[count % target.workers.length];
      const stream = readStory(await post(`${worker}/stream`, user.token, { prompt: "x" }));
      await provider.called(baseUrl, count + 1);
      running.push(stream);
    }
    const response = await ask(target, user, { prompt: "x" });
    equal(trio(response), ["5", "2"]);
    match(response.headers.get("retry-after") ?? "", SECONDS);
    const { message } = await refused(response, 429, "too_many_streams");
    match(message, /\b3\b/);

    const [first, ...others] = provider.calls(baseUrl);
    await Promise.all([first.finish(), Promise.all([running.shift()!].map((stream) => readToEnd(stream)))]);
    const fourth = await open(target, user, { prompt: "x" });
    const last = await provider.called(baseUrl, 4);
    await Promise.all([...others, last].map((call) => call.finish()));
    for (const stream of [...running, fourth]) {
      equal((await readToEnd(stream)).end, "done");
    }
  },
}, {
  title: "a refusal that the database gives carries the limits too, and costs nothing",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const response = await ask(target, user, { prompt: "x", conversation_id: crypto.randomUUID() });
    equal([response.headers.get("ratelimit-limit"), response.headers.get("ratelimit-remaining")], ["5", "5"]);
    await refused(response, 404, "conversation_not_found");
    equal(trio((await tell(target, user, { prompt: "x" })).response), ["5", "4"]);
  },
}];
