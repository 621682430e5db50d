/** What races of processes have in common: two workers over one Postgres, and many requests at once. */
import { setTimeout as delay } from "node:timers/promises";
import { type Author, newRunning } from "../../testkit/author.ts";
import type { Target } from "../../testkit/people.ts";
import { query } from "../../testkit/postgres.ts";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import { type FaultProxy, startProxy } from "../../testkit/proxy.ts";
import { SCENARIO_ENV, type Stack } from "../../testkit/stack.ts";
import type { Worker } from "../../testkit/workers.ts";

/** Limits that no race reaches, and leases that run out when a test says so, and never by themselves. */
export const FREE = {
  RELAY_RATE_LIMIT_PER_MINUTE: "1000",
  RELAY_MAX_CONCURRENT: "1000",
  RELAY_ALLOW_ANONYMOUS: "true",
  RELAY_LEASE_MS: "600000",
};

/** What a race is given. */
export interface WorkerRace extends AsyncDisposable {
  provider: ScriptedProvider;
  workers: Worker[];
  /** The first worker, then the second; and the other way round. */
  target: Target;
  elsewhere: Target;
  /** Between the first worker and its Supabase. */
  proxy: FaultProxy;
  /** Ends what the proxy does wrong. */
  calm(): void;
  /** Asks the database itself, about one value. */
  look<Row extends object>(text: string, value: string): Promise<Row[]>;
}

/** One race. */
export interface WorkerRaceTest {
  title: string;
  /** Of workers of its own, which it may end; absent: it runs on the two that all such races share. */
  env?: Record<string, string>;
  run(race: WorkerRace): Promise<void>;
}

/** Starts the workers; they end before the proxy that the first one asks. */
export async function openWorkerRace(stack: Stack, env: Record<string, string>): Promise<WorkerRace> {
  const proxy = startProxy(stack.url);
  const all = { ...SCENARIO_ENV, ...env };
  const calm = () => {
    proxy.back();
    proxy.intercept();
  };
  const workers = await Promise.all([stack.worker(all, { supabaseUrl: proxy.url }), stack.worker(all)]);
  return {
    provider: stack.provider,
    workers,
    target: stack.targetOf(workers),
    elsewhere: stack.targetOf(workers.toReversed()),
    proxy,
    look: (text, value) => query(stack.databaseUrl!, text, [value]),
    calm,
    async [Symbol.asyncDispose]() {
      calm();
      await Promise.all(workers.map((worker) => worker.stop()));
      await proxy.close();
    },
  };
}

/**
 * Sends all starts at once, to the workers in turn. What an overloaded worker refuses is sent again after the time that
 * it names, as the protocol says: a slow machine decides how often, and nothing of it was written.
 */
export async function startAtOnce(target: Target, count: number, start: (index: number) => [Author, unknown]) {
  const responses = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [author, body] = start(index);
      for (let attempt = 1;; attempt++) {
        const response = await author.ask(body, { worker: target.workers[index % 2] });
        if (response.status !== 503 || attempt === 10) return response;
        await response.body?.cancel();
        await delay(1_000 * Number(response.headers.get("retry-after")));
      }
    }),
  );
  return {
    /** Those who read nothing of it leave, which ends it. */
    leave: () => Promise.all(responses.map(({ body, bodyUsed }) => bodyUsed || body?.locked || body?.cancel())),
    admitted: responses.filter(({ status }) => status === 200),
    refusals: responses.filter(({ status }) => status !== 200),
  };
}

/** A generation on the first worker of the target that has said "Once". */
export const givenRunning = ({ provider, target }: Pick<WorkerRace, "provider" | "target">) =>
  newRunning(target, provider);

/** The statuses of the user's generations by stream_id, as the database has them. */
export async function statusesOf({ look }: WorkerRace, { user }: Author): Promise<Map<string, string>> {
  const rows = await look<{ stream_id: string; status: string }>(
    "select stream_id, status from relay.generations where user_id = $1",
    user.id,
  );
  return new Map(rows.map(({ stream_id, status }) => [stream_id, status]));
}

/** Makes the lease of a generation run out, as if its worker had been silent for longer than that. */
export async function expire({ look }: WorkerRace, stream_id: string) {
  const past = "clock_timestamp() - interval '1 second'";
  await look(`update relay.generations set lease_expires_at = ${past} where stream_id = $1`, stream_id);
}
