import { deepStrictEqual as equal } from "node:assert/strict";
import type { WorkerRace, WorkerRaceTest } from "./worker_race.ts";

/** The refusals that the database has counted, by code. */
async function counted({ look }: WorkerRace): Promise<Map<string, number>> {
  const rows = await look<{ code: string; value: number }>(
    `select s -> 'labels' ->> 'code' as code, (s ->> 'value')::float8 as value
     from jsonb_array_elements(public.relay_metrics()) s where s ->> 'name' = $1`,
    "refusals_total",
  );
  return new Map(rows.map(({ code, value }) => [code, value]));
}

/** Refusals by worker and method, then what happens to the workers, and the counts that are left. */
const CASES: [string, [number, string, number][], (race: WorkerRace) => Promise<void>, Record<string, number>][] = [
  [
    "a worker that ends flushes its counts of refusals first, and one that is killed loses them",
    [[0, "PUT", 3], [1, "PUT", 2], [1, "POST", 4]],
    async ({ workers }) => {
      await workers[0].kill();
      await workers[1].stop();
    },
    { method_not_allowed: 2, unauthenticated: 4 },
  ],
  [
    "a worker whose database is away when it has to end ends all the same",
    [[0, "PUT", 3]],
    async ({ workers, proxy }) => {
      proxy.away();
      await workers[0].stop();
    },
    {},
  ],
];

export const refusals: WorkerRaceTest[] = CASES.map(([title, refused, then, expected]) => ({
  title,
  env: {},
  async run(race) {
    const before = await counted(race);
    for (const [worker, method, times] of refused) {
      for (let count = 0; count < times; count++) {
        await (await fetch(`${race.workers[worker].url}/stream`, { method })).body?.cancel();
      }
    }
    await then(race);
    const grown = [...await counted(race)].map(([code, value]) => [code, value - (before.get(code) ?? 0)] as const);
    equal(Object.fromEntries(grown.filter(([, value]) => value !== 0)), expected);
  },
}));
