/** Metrics: what has happened, as any worker gives it to a holder of the operator's token. */

import { ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { FAMILIES } from "../../supabase/functions/metrics/families.ts";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { changes, METRICS_TOKEN, type Scrape, scrape } from "../../testkit/metrics.ts";
import { rest, type Target } from "../../testkit/people.ts";
import { refuses, stalls } from "../../testkit/provider.ts";
import { expectRefusal, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** What generations leave behind: no sums and no single buckets, which are times. */
const GENERATIONS = /^(?!refusals|sweeps).*(_total|_count|generations)(\{|$)/;

const REFUSED = 'refusals_total{code="method_not_allowed"}';

/** The counts of before, by target. */
const refusedSince = new Map<string, Promise<Scrape>>();

/** Has each worker refuse three requests, once for each target: their counts come to the database seconds later. */
function refuseOnce({ workers }: Target): Promise<Scrape> {
  const key = workers.join();
  const refuse = async () => {
    const before = await scrape(workers[0]);
    for (const worker of [...workers, ...workers, ...workers]) {
      await expectRefusal(await fetch(`${worker}/cancel`, { method: "DELETE" }), 405, "method_not_allowed");
    }
    return before;
  };
  if (!refusedSince.has(key)) refusedSince.set(key, refuse());
  return refusedSince.get(key)!;
}

/** Goes before all others, and before each other scenario whose requests are not allowed. */
export const metrics: Scenario[] = [{
  title: "after known generations the metrics say exactly what happened, on every worker",
  async run(target, provider) {
    await refuseOnce(target);
    const before = await scrape(target.workers[0]);
    equal((await (await newAuthor(target, provider)).generate({ prompt: "x" })).end, "done");
    const failing = await newAuthor(target, provider, refuses(500, { error: { message: "No" } }));
    equal((await failing.generate({ prompt: "x" })).end, "error");

    const waiting = await newAuthor(target, provider, stalls("Once"));
    const stream_id = crypto.randomUUID();
    const reader = await waiting.open({ prompt: "x", stream_id });
    await reader.until("token");
    const running = changes(before, await scrape(target.workers.at(-1)!), /^(active|expired)_generations$/);
    equal(running, { active_generations: 1 });
    equal((await waiting.cancel(stream_id)).status, 202);
    await readToEnd(reader);

    for (const worker of target.workers) {
      const after = await scrape(worker);
      equal(changes(before, after, GENERATIONS), {
        "generations_started_total": 3,
        'generations_ended_total{outcome="completed"}': 1,
        'generations_ended_total{outcome="cancelled"}': 1,
        'generations_ended_total{code="provider_error",outcome="failed"}': 1,
        'tokens_total{kind="prompt"}': 7,
        'tokens_total{kind="completion"}': 11,
        // What was cancelled reported nothing: 25 bytes of a request, and "Once". What failed was not billed.
        'estimated_tokens_total{kind="prompt"}': 9,
        'estimated_tokens_total{kind="completion"}': 2,
        "first_token_seconds_count": 2,
        "generation_duration_seconds_count": 3,
        "relay_overhead_seconds_count": 3,
      });
      // The provider is called before it sends anything, and the end comes last.
      const sums = changes(before, after, /_sum$/);
      for (const name of ["relay_overhead", "first_token", "generation_duration"]) ok(sums[`${name}_seconds_sum`] > 0);
    }
  },
}, {
  title: "metrics have every code of the protocol, and all that the database counts",
  async run(target) {
    const page = await scrape(target.workers[0]);
    const codes = [...page.keys()].flatMap((name) => /^refusals_total\{code="(\w+)"\}$/.exec(name)?.[1] ?? []);
    equal(codes.sort(), Object.keys(ERRORS).sort());
    const samples: unknown[] = await rest(target, "service", "rpc/relay_metrics", { method: "POST", body: {} });
    // The page has the worker's version, and a count for each histogram, which is its last bucket.
    const histograms = FAMILIES.filter(({ type }) => type === "histogram");
    equal(page.size, samples.length + histograms.length + 1);
  },
}];

/** Goes after scenarios that take seconds and refuse no method. */
export const refusalMetrics: Scenario[] = [{
  title: "what a worker refuses is counted by its code, within ten seconds and on every worker",
  async run(target) {
    const before = await refuseOnce(target);
    for (const worker of target.workers) {
      await eventually("all refusals are counted", async () => {
        return (changes(before, await scrape(worker))[REFUSED] ?? 0) >= 3 * target.workers.length;
      });
    }
  },
}, {
  title: "metrics are for a holder of the operator's token, and for GET",
  async run(target) {
    const url = `${target.workers[0]}/metrics`;
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const wrong = [target.secretKey, `${METRICS_TOKEN}x`, METRICS_TOKEN.slice(0, -1)].map(bearer);
    for (const headers of [undefined, ...wrong]) {
      await expectRefusal(await fetch(url, { headers }), 401, "unauthenticated");
    }
    const response = await fetch(url, { method: "POST", headers: bearer(METRICS_TOKEN) });
    equal(response.headers.get("allow"), "GET, HEAD, OPTIONS");
    await expectRefusal(response, 405, "method_not_allowed");
  },
}];
