/** Builds several workers over one database and one clock, reachable by HTTP as in production. */

import assert from "node:assert/strict";
import { createCancelHandler } from "../../cancel/handler.ts";
import { createStreamHandler } from "../../stream/handler.ts";
import type { Database } from "../database/database.ts";
import { createGenerations } from "../generation/generations.ts";
import { createWatchers } from "../generation/remote_readers.ts";
import { STORAGE_GIVE_UP_MS } from "../protocol/limits.ts";
import { away, makeDatabase } from "./database.ts";
import { type Seen, watch } from "./events.ts";
import { createManualClock, makePlatform } from "./platform.ts";
import { makeProvider, type TestCall } from "./provider.ts";
import { makeRefusals } from "./refusals.ts";

/** What a test may want otherwise of a request. */
export interface Options {
  user?: string;
  /** The Last-Event-ID. */
  from?: number;
}

/** One worker, with its own provider connections. */
export interface Worker {
  platform: ReturnType<typeof makePlatform>;
  calls: TestCall[];
  /** While it is true, the worker reaches no database, as one that was cut off, or killed. */
  cut: boolean;
  post(body: Record<string, unknown>, options?: Options): Promise<Response>;
  get(streamId: string, options?: Options): Promise<Response>;
  cancel(streamId: string, options?: Options): Promise<Response>;
  /** Posts, or gets, and reads the stream. */
  start(body: Record<string, unknown>, options?: Options): Promise<Seen>;
  read(streamId: string, options?: Options): Promise<Seen>;
}

/** Two workers, or as many as are wanted. */
export function makeRelay(count = 2) {
  const clock = createManualClock();
  const database = makeDatabase();
  const workers = Array.from({ length: count }, (_, place) => {
    const workerId = `00000000-0000-4000-8000-00000000000${place}`;
    const platform = makePlatform({ clock, workerId });
    return makeWorkerOver(database, platform);
  });
  return {
    clock,
    database,
    workers,
    /** The requests to the provider of all workers. */
    calls: () => workers.flatMap((worker) => worker.calls),
    /** All that was logged by all of them. */
    logged: () => JSON.stringify(workers.map(({ platform }) => platform.lines)),
    /** Ends all workers; then nothing is left of them. */
    async end() {
      for (const { platform } of workers) platform.shutdown.begin("the end");
      await clock.run(STORAGE_GIVE_UP_MS + 2_000);
      for (const { platform } of workers) await platform.keepAlive.settled();
      assert.equal(clock.pending, 0);
      for (const { calls } of workers) {
        assert.equal(calls.some(({ open }) => open), false);
      }
    },
  };
}

function makeWorkerOver(shared: Database, platform: Worker["platform"]): Worker {
  const reach = <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) => (...args: Args) =>
    worker.cut ? Promise.reject(away()) : call(...args);
  const database: Database = {
    begin: reach(shared.begin),
    beat: reach(shared.beat),
    finish: reach(shared.finish),
    cancel: reach(shared.cancel),
    read: reach(shared.read),
    metrics: reach(shared.metrics),
    countRefusals: reach(shared.countRefusals),
  };
  const provider = makeProvider();
  const verify = (request: Request) =>
    Promise.resolve({
      userId: request.headers.get("authorization")!.replace("Bearer ", ""),
      isAnonymous: false,
      role: "authenticated",
    });
  const refusals = makeRefusals();
  const stream = createStreamHandler({
    platform,
    refusals,
    database,
    verify,
    checkAddress: (accessPath) => Promise.resolve(new URL(accessPath)),
    generations: createGenerations(platform, database, provider),
    watchers: createWatchers(platform, database),
  });
  const cancel = createCancelHandler({ platform, refusals, database, verify });
  const send = (
    handler: (request: Request) => Promise<Response>,
    path: string,
    { user = "user-1", from }: Options = {},
    body?: unknown,
  ) =>
    handler(
      new Request(`http://edge.internal/${path}`, {
        method: path.startsWith("stream/") ? "GET" : "POST",
        headers: {
          "authorization": `Bearer ${user}`,
          "content-type": "application/json",
          "x-request-id": "request-1",
          ...(from === undefined ? {} : { "last-event-id": String(from) }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    );
  const worker: Worker = {
    platform,
    calls: provider.calls,
    cut: false,
    post: (body, options) => send(stream, "stream", options, body),
    get: (streamId, options) => send(stream, `stream/${streamId}`, options),
    cancel: (streamId, options) => send(cancel, `cancel/${streamId}`, options),
    start: async (body, options) => await seen(platform, await worker.post(body, options)),
    read: async (streamId, options) => await seen(platform, await worker.get(streamId, options)),
  };
  return worker;
}

/** What a client sees of the answer, up to now. */
async function seen({ clock }: Worker["platform"], response: Response): Promise<Seen> {
  assert.equal(response.status, 200);
  const client = watch(response.body!);
  await clock.run(0);
  return client;
}
