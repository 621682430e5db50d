/** What the experiments work with: a Postgres, a Supabase on it, a provider, and as many workers as one asks for. */

import { equal } from "node:assert/strict";
import postgres from "postgres";
import { note } from "../../dev/process.ts";
import { newClient } from "../../testkit/author.ts";
import { openServer } from "../../testkit/cluster.ts";
import { eventually } from "../../testkit/eventually.ts";
import { createChance } from "../../testkit/figures.ts";
import { makeBot, mintToken, rest } from "../../testkit/people.ts";
import { startProxy } from "../../testkit/proxy.ts";
import { NO_USER_LIMITS, startStack } from "../../testkit/stack.ts";
import { startWorker, THIS_DENO, type Worker } from "../../testkit/workers.ts";
import { createClient } from "./client.ts";
import { type Plan, play, type Sent } from "./numbered.ts";

export type { Worker };

/** One measured thing; if there is a bound, the experiment fails when it is not kept. */
export type Figure = [measure: string, value: string | number, bound?: string | number];

/** What the experiments run on. */
export type Lab = Awaited<ReturnType<typeof openLab>>;
/** A generation of a user of its own, with its first client. */
export type Generation = Awaited<ReturnType<Lab["generation"]>>;

/** Starts everything but the workers. */
export async function openLab(quick: boolean, seed: number, workerDeno: string, database?: string) {
  const server = await openServer(database);
  // A server that is back after a while is asked again at once.
  const sql = postgres(server.url, { max: 6, onnotice: () => {}, backoff: () => 0.2 });
  // Before anything connects: the functions count their own calls.
  const [{ name }] = await sql`select current_database() as name`;
  await sql.unsafe(`alter database "${name}" set track_functions = 'all'`);
  const stack = await startStack({ flags: ["--database", server.url] });
  const proxy = startProxy(stack.url);
  const fallen = Promise.withResolvers<never>();
  fallen.promise.catch(() => {});
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fallen.reject(event.reason);
  });
  const options = { runtime: { ...THIS_DENO, path: workerDeno }, onFall: fallen.reject };
  const started: Worker[] = [];
  const run = crypto.randomUUID().slice(0, 6);
  let count = 0;
  let closing: Promise<void> | undefined;

  /** The user is made in the database itself: to sign up takes longer than a generation, for the password's hash. */
  async function generation(plan: Plan) {
    const streamId = `s${run}${++count}`;
    const sent: Sent = { calls: 0, tokens: 0, closedAt: null };
    const id = crypto.randomUUID();
    const user = { id, email: `${id}@chaos.example`, token: await mintToken(stack.jwt_secret, id) };
    await sql`insert into auth.users (id, email) values (${id}, ${user.email})`;
    await makeBot(stack.target, user, stack.provider.script(play(streamId, plan, sent)));
    const requests = await newClient(stack.target, user);
    const another = () => createClient(streamId, requests);
    const client = another();
    return {
      ...{ streamId, plan, sent, requests, client, another },
      /** Fails if it is refused. */
      async start({ url }: Worker, fields = {}) {
        const { status, code } = await client.open(url, { prompt: streamId, ...fields });
        equal(status, 200, `stream ${streamId} was refused: ${status} ${code}`);
      },
      /** Reads it to its last event; fails if the stream breaks off before. */
      follow: async () => equal(await client.follow(), "ended", `stream ${streamId} broke off`),
    };
  }

  async function end() {
    await Promise.all(started.map((worker) => worker.alive && worker.kill()));
    await proxy.close();
    // A Ctrl-C reaches the stack as well, which may be gone already.
    await stack.stop().catch((error) => note(String(error)));
    await sql.end({ timeout: 2 });
    await server.close();
  }
  return {
    ...{ quick, sql, chance: createChance(seed), provider: stack.provider },
    /** Null on a server that others use, too: it cannot be stopped. */
    cluster: server.own,
    /** In front of the Supabase, for workers that are to lose it. */
    proxy,
    /** Rejects when a worker ends by itself, or when something fails that no experiment waits for yet. */
    fallen: fallen.promise,
    workers: (count: number, environment = {}) =>
      inParallel(count, count, async () => {
        const worker = await startWorker(stack, { ...NO_USER_LIMITS, ...environment }, options);
        started.push(worker);
        return worker;
      }),
    generation,
    /** One that a worker has started. */
    async begin(plan: Plan, worker: Worker, fields?: Record<string, unknown>) {
      const begun = await generation(plan);
      await begun.start(worker, fields);
      return begun;
    },
    /** Sweeps again and again, until it is stopped; then gives how many generations that has closed. */
    sweep(): () => Promise<number> {
      let [going, closed] = [true, 0];
      const swept = (async () => {
        while (going) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          const sweeping = sql`select (public.relay_sweep()->>'closed')::int as closed`;
          // The database may be away still.
          closed += (await sweeping.catch(() => []))[0]?.closed ?? 0;
        }
        return closed;
      })();
      return () => (going = false, swept);
    },
    /** Waits until the stack, too, has found out that its database is back: one connection after the other. */
    recover: () =>
      eventually("the stack has its database back", async () => {
        const asked = Array.from({ length: 20 }, () => rest(stack.target, "service", "bots?select=id&limit=1"));
        return (await Promise.allSettled(asked)).every(({ status }) => status === "fulfilled");
      }),
    /** Ends the workers; fails if one has logged an error. */
    async dismiss() {
      for (const worker of started) {
        await worker.stop();
        const error = worker.lines().find(({ level }) => level === "error");
        equal(error, undefined, `A worker has logged an error: ${JSON.stringify(error)}`);
      }
      started.length = 0;
    },
    note: (text: string) => note(`  ${text}`),
    /** A second call waits for the first. */
    close: () => closing ??= end(),
  };
}

/** Does the work for each index from 0 on, so many at once. */
export async function inParallel<T>(count: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
