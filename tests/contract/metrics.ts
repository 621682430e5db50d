/** Metrics: what has happened, as any worker tells it, to whoever shows the operator's token. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { FAMILIES } from "../../supabase/functions/metrics/families.ts";
import { eventually } from "../../testkit/eventually.ts";
import { changes, scrape } from "../../testkit/scrape.ts";
import { METRICS_TOKEN, rest } from "../../testkit/target.ts";
import { cancel, givenAuthor, open, readToEnd, refused, refuses, type Scenario, tell, waits } from "./scenario.ts";

/** What generations leave behind: no sums and no single buckets, which are times. */
const GENERATIONS = /^(?!refusals|sweeps).*(_total|_count|generations)(\{|$)/;

export const metrics: Scenario[] = [{
  title: "after known generations the metrics say exactly what happened, on every worker",
  async run(target, provider) {
    const before = await scrape(target.workers[0]);

    const { user } = await givenAuthor(target, provider);
    equal((await tell(target, user, { prompt: "x" })).end, "done");

    const failing = await givenAuthor(target, provider, refuses(500, { error: { message: "No" } }));
    equal((await tell(target, failing.user, { prompt: "x" })).end, "error");

    const waiting = await givenAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const stream = await open(target, waiting.user, { prompt: "x", stream_id });
    const call = await provider.called(waiting.baseUrl);
    await call.token("Once");
    const seen = await stream.until("token");
    const meanwhile = await scrape(target.workers.at(-1)!);
    equal(changes(before, meanwhile, /^(active|expired)_generations$/), { active_generations: 1 });
    equal((await cancel(target, waiting.user, stream_id)).status, 202);
    await readToEnd(stream, seen);

    for (const worker of target.workers) {
      const after = await scrape(worker);
      equal(changes(before, after, GENERATIONS), {
        "generations_started_total": 3,
        'generations_ended_total{outcome="completed"}': 1,
        'generations_ended_total{outcome="cancelled"}': 1,
        'generations_ended_total{code="provider_error",outcome="failed"}': 1,
        'tokens_total{kind="prompt"}': 7,
        'tokens_total{kind="completion"}': 11,
        "first_token_seconds_count": 2,
        "generation_duration_seconds_count": 3,
        "relay_overhead_seconds_count": 3,
      });
      // The provider is called before it says anything, and the end comes last.
      const sums = changes(before, after, /_sum$/);
      ok(sums.relay_overhead_seconds_sum > 0);
      ok(sums.first_token_seconds_sum > 0);
      ok(sums.generation_duration_seconds_sum > 0);
    }
  },
}, {
  title: "metrics tell of every code of the protocol, and of all that the database counts",
  async run(target) {
    const page = await scrape(target.workers[0]);
    const codes = [...page.keys()].flatMap((name) => /^refusals_total\{code="(\w+)"\}$/.exec(name)?.[1] ?? []);
    equal(codes.sort(), Object.keys(ERRORS).sort());
    const init = { method: "POST", body: {} };
    const samples: { name: string; labels: Record<string, string> }[] = await rest(
      target,
      "service",
      "rpc/relay_metrics",
      init,
    );
    // The page has a count for each histogram, which is its last bucket.
    const histograms = FAMILIES.filter(({ type }) => type === "histogram");
    equal(page.size, samples.length + histograms.length);
  },
}, {
  title: "metrics are for whoever shows the operator's token, and for GET",
  async run(target) {
    const url = `${target.workers[0]}/metrics`;
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    for (
      const headers of [
        undefined,
        bearer(target.secretKey),
        bearer(`${METRICS_TOKEN}x`),
        bearer(METRICS_TOKEN.slice(0, -1)),
      ]
    ) {
      const response = await fetch(url, { headers });
      equal(response.headers.get("www-authenticate"), "Bearer");
      await refused(response, 401, "unauthenticated");
    }
    const response = await fetch(url, { method: "POST", headers: bearer(METRICS_TOKEN) });
    equal(response.headers.get("allow"), "GET, OPTIONS");
    await refused(response, 405, "method_not_allowed");
  },
}, {
  title: "what a worker refuses is counted by its code, within ten seconds and on every worker",
  async run(target) {
    const before = await scrape(target.workers[0]);
    for (const worker of target.workers) {
      for (let i = 0; i < 3; i++) {
        const init = { method: "DELETE" };
        const response = await fetch(`${worker}/cancel`, init);
        await refused(response, 405, "method_not_allowed");
      }
    }
    const expected = 3 * target.workers.length;
    for (const worker of target.workers) {
      await eventually("all refusals are counted", async () => {
        const grown = changes(before, await scrape(worker), /^refusals_total\{code="method_not_allowed"\}$/);
        return Object.values(grown).some((count) => count >= expected);
      });
    }
  },
}];
