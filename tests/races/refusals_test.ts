import { deepStrictEqual as equal } from "node:assert/strict";
import { type Arena, type Race, registerWorkerRaces } from "./race_workers.ts";

/** The refusals that the database has counted, by code. */
async function refusals({ look }: Arena): Promise<Record<string, number>> {
  const rows = await look<{ code: string; value: number }>(
    `select s -> 'labels' ->> 'code' as code, (s ->> 'value')::float8 as value
     from jsonb_array_elements(public.relay_metrics()) s where s ->> 'name' = $1`,
    "refusals_total",
  );
  return Object.fromEntries(rows.map(({ code, value }) => [code, value]));
}

function less(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  const grown = Object.entries(after).map(([code, value]) => [code, value - (before[code] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, value]) => value !== 0));
}

/** Is refused by a worker, so many times. */
async function refuse(url: string, method: string, times: number) {
  for (let i = 0; i < times; i++) {
    const response = await fetch(`${url}/stream`, { method });
    await response.body?.cancel();
  }
}

const races: Race[] = [{
  title: "workers that are told to end tell first what they have refused",
  env: {},
  async run(arena) {
    const { workers } = arena;
    const before = await refusals(arena);
    await refuse(workers.urls[0], "PUT", 3);
    await refuse(workers.urls[1], "PUT", 2);
    await refuse(workers.urls[1], "POST", 4);
    await workers.stop();
    equal(less(await refusals(arena), before), { method_not_allowed: 5, unauthenticated: 4 });
  },
}, {
  title: "a worker that is killed takes along what it has refused, and nobody else's",
  env: {},
  async run(arena) {
    const { workers } = arena;
    const before = await refusals(arena);
    await refuse(workers.urls[0], "PUT", 3);
    await refuse(workers.urls[1], "POST", 2);
    await workers.kill(0);
    await workers.stop();
    equal(less(await refusals(arena), before), { unauthenticated: 2 });
  },
}, {
  title: "a worker whose database is away when it is told to end ends all the same",
  env: {},
  async run(arena) {
    const { workers, proxy } = arena;
    const before = await refusals(arena);
    await refuse(workers.urls[0], "PUT", 3);
    proxy.away();
    try {
      await workers.end(0);
    } finally {
      proxy.back();
    }
    equal(less(await refusals(arena), before), {});
  },
}];

registerWorkerRaces(races);
