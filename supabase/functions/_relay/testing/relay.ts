/** Several workers over one real database and one clock, reachable by HTTP as in production. */

import assert from "node:assert/strict";
import { createCancelHandler } from "../../cancel/handler.ts";
import { createStreamHandler } from "../../stream/handler.ts";
import { createDatabase } from "../database/database.ts";
import type { Rpc } from "../database/rpc.ts";
import { createGenerations } from "../generation/generations.ts";
import type { Configuration } from "../platform/configuration.ts";
import { STORAGE_GIVE_UP_MS } from "../protocol/limits.ts";
import { away } from "./database.ts";
import { readEvents } from "./events.ts";
import { makeCaller } from "./generation.ts";
import { createManualClock, makePlatform, type TestPlatform } from "./platform.ts";
import { makeProvider } from "./provider.ts";
import type { RpcCall } from "./rpc.ts";
import type { SqlDatabase } from "./sql.ts";
import { makeDependencies } from "./worker.ts";

/** What a test may want otherwise of a request. */
export interface Options {
  user?: string;
  /** The Last-Event-ID. */
  from?: number;
}

/** One worker, with its own provider connections. */
export type Worker = ReturnType<typeof makeWorkerOver>;

/** Workers for a new user, whose requests name that user unless they name another. */
export async function makeRelay(sql: SqlDatabase, count = 2, configuration: Partial<Configuration> = {}) {
  const user = await sql.addUser();
  const streamId = crypto.randomUUID();
  const clock = createManualClock(Date.UTC(2026, 0, 1), sql.idle);
  const rpcCalls: RpcCall[] = [];
  const held = new Map<string, Promise<void>>();
  const rpc: Rpc = async (name, args) => {
    rpcCalls.push({ name, args });
    await held.get(name);
    return await sql.rpc(name, args);
  };
  const workers = Array.from({ length: count }, (_, index) => {
    const workerId = `00000000-0000-4000-8000-00000000000${index}`;
    return makeWorkerOver(
      rpc,
      makePlatform({ clock, workerId, configuration: { maxConcurrent: 9, ...configuration } }),
      user,
    );
  });
  return {
    sql,
    user,
    streamId,
    /** A request for the generation that the test is about. */
    ask: { prompt: "Hi", stream_id: streamId },
    clock,
    workers,
    rpcCalls,
    /** The requests to the provider of all workers. */
    calls: () => workers.flatMap((worker) => worker.calls),
    row: () => sql.query("select * from relay.generations where stream_id = $1", [streamId]),
    /** The text of the generation's message; null: there is none. */
    async stored(): Promise<string | null> {
      const row = await sql.query("select content from public.messages where stream_id = $1", [streamId]);
      return row?.content ?? null;
    },
    /** Calls of this function wait until the returned one is called. */
    hold(name: string) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(name, promise);
      return resolve;
    },
    expire: () => sql.expire(streamId),
    async sweep() {
      await sql.expire(streamId);
      await sql.query("select public.relay_sweep(user_id => $1)", [user]);
    },
    /** Ends all workers; then nothing is left of them. */
    async end() {
      for (const { platform } of workers) platform.shutdown.begin("the end");
      // A worker that reaches no database tries for that long.
      await clock.run(workers.some(({ cut }) => cut) ? STORAGE_GIVE_UP_MS + 2_000 : 2_000);
      for (const { platform } of workers) await platform.keepAlive.settled();
      assert.equal(clock.pending, 0);
      for (const { calls } of workers) assert.equal(calls.some(({ open }) => open), false);
    },
  };
}

/** What `makeRelay()` builds. */
export type Relay = Awaited<ReturnType<typeof makeRelay>>;

function makeWorkerOver(rpc: Rpc, platform: TestPlatform, owner: string) {
  /** While `cut` is true, the worker reaches no database, as one that was cut off, or killed. */
  const state = { cut: false };
  const database = createDatabase(platform, (name, args) => state.cut ? Promise.reject(away()) : rpc(name, args));
  const provider = makeProvider();
  const checkAddress = (accessPath: string) => Promise.resolve(new URL(accessPath));
  const generations = createGenerations(platform, database, { provider, checkAddress });
  const dependencies = makeDependencies({ ...platform, database, generations, provider }, {
    verify(request) {
      const userId = request.headers.get("authorization")!.replace("Bearer ", "");
      return Promise.resolve(makeCaller(userId));
    },
  });
  const stream = createStreamHandler(dependencies);
  const cancel = createCancelHandler(dependencies);
  const send = (
    handler: (request: Request) => Promise<Response>,
    path: string,
    { user = owner, from }: Options = {},
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
  const seen = async (response: Response) => {
    assert.equal(response.status, 200);
    const client = readEvents(response.body!);
    await platform.clock.run(0);
    return client;
  };
  const post = (body: unknown, options?: Options) => send(stream, "stream", options, body);
  const get = (streamId: string, options?: Options) => send(stream, `stream/${streamId}`, options);
  return Object.assign(state, {
    platform,
    calls: provider.calls,
    post,
    get,
    /** Without an offset the text ends with all that came. */
    cancel: (streamId: string, options?: Options & { at?: number }) =>
      send(cancel, `cancel/${streamId}?at=${options?.at ?? ""}`, options),
    /** Posts, or gets, and reads the stream. */
    start: async (body: unknown, options?: Options) => await seen(await post(body, options)),
    read: async (streamId: string, options?: Options) => await seen(await get(streamId, options)),
  });
}
