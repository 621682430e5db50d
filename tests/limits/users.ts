/** How much a user may have, and how long a worker's word holds. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { signUp } from "../../testkit/target.ts";
import { ask, expectAdmitted, expectRefused, type Limit, tell } from "./bench.ts";

/** The limits that are counted in the database. */
export const userLimits: Limit[] = [{
  reaches: ["RELAY_RATE_LIMIT_PER_MINUTE"],
  title: "a user may start so many generations a minute",
  async run(bench) {
    const user = await signUp(bench.rig.target);
    const as = { worker: bench.tight, user };
    for (const remaining of ["1", "0"]) {
      const response = await ask(bench, { prompt: "Once" }, as);
      equal(response.headers.get("ratelimit-limit"), "2");
      equal(response.headers.get("ratelimit-remaining"), remaining);
      await expectAdmitted(response);
    }
    const over = await ask(bench, { prompt: "Once" }, as);
    const wait = Number(over.headers.get("retry-after"));
    ok(wait >= 1 && wait <= 60);
    equal(over.headers.get("ratelimit-remaining"), "0");
    await expectRefused(over, 429, "rate_limited");
  },
}, {
  reaches: ["RELAY_MAX_CONCURRENT"],
  title: "a user may run so many generations at once",
  async run(bench) {
    const user = await signUp(bench.rig.target);
    const as = { worker: bench.tight, user };
    const release = Promise.withResolvers<void>();
    const first = await tell(bench, async (call) => {
      await release.promise;
      await call.finish();
    }, as);
    const over = await ask(bench, { prompt: "Once" }, as);
    ok(Number(over.headers.get("retry-after")) >= 1);
    await expectRefused(over, 429, "too_many_streams");
    release.resolve();
    await first.rest();
    await expectAdmitted(await ask(bench, { prompt: "Once" }, as));
  },
}, {
  reaches: ["RELAY_BEAT_MS", "RELAY_LEASE_MS"],
  title: "a generation counts as running as long as its worker beats, and a lease longer",
  async run(bench) {
    const { rig, proxy, leased } = bench;
    const user = await signUp(rig.target);
    const started = await tell(bench, (call) => call.closed, { worker: leased, user });
    const { streamId } = started;
    let beats = 0;
    const leases = new Set<number>();
    const enough = Promise.withResolvers<void>();
    proxy.intercept((name, args) => {
      if (name === "relay_beat" && args.stream_ids.includes(streamId)) {
        leases.add(args.lease_ms);
        // Beats are at least 50 ms apart: these take longer than one lease.
        if (++beats === 40) enough.resolve();
      }
      return "pass";
    });
    await enough.promise;
    proxy.intercept();
    equal([...leases], [1500]);
    // Another worker, which allows one at once too.
    const as = { worker: bench.tight, user };
    const body = { prompt: "Once" };
    await expectRefused(await ask(bench, body, as), 429, "too_many_streams");
    await leased.kill();
    await started.rest().catch(() => {});
    const admitted = await eventually("the lease has run out", async () => {
      const response = await ask(bench, body, as);
      if (response.status === 200) return response;
      await expectRefused(response, 429, "too_many_streams");
    });
    await expectAdmitted(admitted);
  },
}];
