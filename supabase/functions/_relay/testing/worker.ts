/** Builds a worker's generations for tests: a provider and a database that say what the test wants. */

import assert from "node:assert/strict";
import type { StreamDependencies } from "../../stream/handler.ts";
import { createResume } from "../../stream/resume.ts";
import { createStarts } from "../../stream/starts.ts";
import { createCalls } from "../database/calls.ts";
import { EndReason } from "../generation/ending.ts";
import { createGenerations } from "../generation/generations.ts";
import { createRemoteReaders } from "../generation/remote_readers.ts";
import type { Configuration } from "../platform/configuration.ts";
import type { Platform } from "../platform/platform.ts";
import { makeDatabase } from "./database.ts";
import { readEvents, type Seen } from "./events.ts";
import { type AdmittedOverrides, makeAdmitted, makeCaller } from "./generation.ts";
import { makePlatform } from "./platform.ts";
import { makeProvider, type TestCall } from "./provider.ts";
import { makeRefusals } from "./refusals.ts";

/** Where the bot's provider is. */
export const BASE_URL = new URL("https://provider.test/v1");

/** A worker without any generation. */
export function makeWorker(configuration: Partial<Configuration> = {}) {
  const platform = makePlatform({ configuration });
  const database = makeDatabase();
  const provider = makeProvider();
  const generations = createGenerations(platform, database, {
    provider,
    checkAddress: (accessPath) => Promise.resolve(new URL(accessPath)),
  });
  /** An admitted generation, up to where the provider has been asked. */
  async function begin(overrides: AdmittedOverrides = {}) {
    const admitted = makeAdmitted({ startedAt: platform.clock.now(), ...overrides }, platform);
    const body = generations.start(admitted, BASE_URL);
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
    async withClient(overrides: AdmittedOverrides = {}) {
      const { body, call } = await begin(overrides);
      return { client: readEvents(body), call };
    },
    /** The ending that came to the database, with the whole text; undefined: none has. */
    ended: (streamId = "stream-1") => database.endings.get(streamId),
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

/** What the handlers of a worker are built of: every token is good, and every address may be called. */
export function makeDependencies(
  worker: Platform & Pick<StreamDependencies, "database" | "generations" | "provider">,
  overrides: Partial<StreamDependencies> = {},
): StreamDependencies {
  const { database, generations, provider } = worker;
  const parts = {
    ...{ platform: worker, database, generations, provider, refusals: makeRefusals() },
    calls: createCalls(worker),
    starts: createStarts(worker),
    remoteReaders: createRemoteReaders(worker, database),
    verify: () => Promise.resolve(makeCaller("user-1")),
    checkAddress: (accessPath: string) => Promise.resolve(new URL(accessPath)),
    lookUp: () => Promise.resolve({ isListed: null, contextTokens: null }),
    ...overrides,
  };
  return { resume: createResume(parts), ...parts };
}

/** A stream that the relay closed, after exactly one last event. */
export function assertEnded({ ended, events }: Seen) {
  assert.equal(ended, true);
  const last = events.filter(({ event }) => event === "done" || event === "error");
  assert.equal(last.length, 1);
  assert.equal(events.at(-1), last[0]);
}

/** Why a request to the provider was aborted. */
export function reasonOf(call: TestCall): string {
  assert.ok(call.signal.reason instanceof EndReason);
  return call.signal.reason.kind;
}
