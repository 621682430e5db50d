/** Builds a worker's generations for tests: a provider and a database that say what the test wants. */

import assert from "node:assert/strict";
import { createGenerations } from "../generation/generations.ts";
import { Stop } from "../generation/stop.ts";
import type { Configuration } from "../platform/configuration.ts";
import { makeDatabase } from "./database.ts";
import { type Seen, watch } from "./events.ts";
import { type JobOverrides, makeJob } from "./job.ts";
import { makePlatform } from "./platform.ts";
import { makeProvider, type TestCall } from "./provider.ts";

/** A worker without any generation. */
export function makeWorker(configuration: Partial<Configuration> = {}) {
  const platform = makePlatform({ configuration });
  const database = makeDatabase();
  const provider = makeProvider();
  const generations = createGenerations(platform, database, provider);
  /** An admitted generation, up to where the provider has been asked. */
  async function begin(overrides: JobOverrides = {}) {
    const job = makeJob({ startedAt: platform.clock.now(), ...overrides });
    database.admit(job.streamId, job.admission.fence, job.userId);
    const body = generations.start(job);
    await platform.clock.run(0);
    return { body, call: provider.calls.at(-1)! };
  }
  return {
    ...platform,
    database,
    provider,
    generations,
    begin,
    /** The same, with a client that reads. */
    async watched(overrides: JobOverrides = {}) {
      const { body, call } = await begin(overrides);
      return { client: watch(body), call };
    },
    row: (streamId = "stream-1") => database.rows.get(streamId)!,
    /** The text of the generation's message; null: there is none. */
    stored: (streamId = "stream-1") => database.contentOf(streamId),
    /** Log lines without their time. */
    logged: () => platform.lines.map(({ timestamp: _, ...line }) => line),
    /** What must be so after every run, whatever happened in it. */
    async settle(...clients: Seen[]) {
      await platform.keepAlive.settled();
      await platform.clock.run(0);
      assert.equal(platform.clock.pending, 0);
      assert.deepEqual(provider.calls.filter(({ open }) => open), []);
      assert.doesNotMatch(JSON.stringify(platform.lines), /secret/);
      const listeners = platform.lines.length;
      platform.shutdown.begin("the test ends");
      assert.equal(platform.lines[listeners].generations, 0);
      for (const client of clients) assertEnded(client);
    },
  };
}

/** A stream that the relay closed, behind exactly one terminal event. */
export function assertEnded({ ended, events }: Seen) {
  assert.equal(ended, true);
  const terminal = events.filter(({ event }) => event === "done" || event === "error");
  assert.equal(terminal.length, 1);
  assert.equal(events.at(-1), terminal[0]);
}

/** The stop that ended a request to the provider. */
export function stopOf(call: TestCall): string {
  assert.ok(call.signal.reason instanceof Stop);
  return call.signal.reason.kind;
}
