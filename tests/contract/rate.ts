/** The limits of a user: five generations a minute and three at once, over all workers. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { waits } from "../../testkit/provider.ts";
import { expectRefusal, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

const SECONDS = /^([1-9]|[1-5]\d|60)$/;

/** The limit and what is left of it. */
function rateOf({ headers }: Response) {
  match(headers.get("ratelimit-reset") ?? "absent", SECONDS);
  return [headers.get("ratelimit-limit"), headers.get("ratelimit-remaining")];
}

export const rate: Scenario[] = [{
  title: "the sixth generation of a minute is refused, whichever workers ran the others",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    for (let count = 0; count < 5; count++) {
      const worker = target.workers[count % target.workers.length];
      equal(rateOf((await author.generate({ prompt: "x" }, { worker })).response), ["5", String(4 - count)]);
    }
    for (const worker of target.workers) {
      const response = await author.ask({ prompt: "one too many" }, { worker });
      equal(rateOf(response), ["5", "0"]);
      match(response.headers.get("retry-after") ?? "", SECONDS);
      match((await expectRefusal(response, 429, "rate_limited")).message, /\b5\b/);
    }
    equal(author.calls().length, 5);
    equal(await author.rest("messages?select=id&content=eq.one too many"), []);
    const other = await newAuthor(target, provider);
    equal((await other.generate({ prompt: "x" })).end, "done", "Others have limits of their own");
  },
}, {
  title: "the fourth generation at once is refused, until one of the three has ended",
  async run(target, provider) {
    const author = await newAuthor(target, provider, waits);
    const readers = [];
    for (let count = 0; count < 3; count++) {
      const worker = target.workers[count % target.workers.length];
      readers.push(await author.open({ prompt: "x" }, { worker }));
      await author.called(count + 1);
    }
    const response = await author.ask({ prompt: "x" });
    equal(rateOf(response), ["5", "2"]);
    match(response.headers.get("retry-after") ?? "", SECONDS);
    match((await expectRefusal(response, 429, "too_many_streams")).message, /\b3\b/);

    await Promise.all([author.calls()[0].finish(), readToEnd(readers[0])]);
    readers.push(await author.open({ prompt: "x" }));
    await author.called(4);
    await Promise.all(author.calls().slice(1).map((call) => call.finish()));
    for (const reader of readers.slice(1)) equal((await readToEnd(reader)).end, "done");
  },
}, {
  title: "a refusal that the database gives carries the limits too, and costs nothing",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const response = await author.ask({ prompt: "x", conversation_id: crypto.randomUUID() });
    const limits = ["limit", "remaining"].map((name) => response.headers.get(`ratelimit-${name}`));
    equal(limits, ["5", "5"]);
    await expectRefusal(response, 404, "conversation_not_found");
    equal(rateOf((await author.generate({ prompt: "x" })).response), ["5", "4"]);
  },
}];
