import { deepStrictEqual as equal } from "node:assert/strict";
import type { Sql } from "postgres";
import { atOnce, openSessions, sideBySide, type TransactionRaces } from "./transaction_race.ts";
import { type Admitted, begin, expire, finish, sweep } from "./relay_sql.ts";

/** What relay_metrics shows, by name and the labels' values. */
async function counted(sql: Sql): Promise<Map<string, number>> {
  const [{ answer }] = await sql`select public.relay_metrics() as answer`;
  return new Map(
    answer.map((
      { name, labels, value }: {
        name: string;
        labels: Record<string, string>;
        value: number;
      },
    ) => [[name, ...Object.values(labels)].join(" "), value]),
  );
}

/** What was added since. */
async function added(sql: Sql, before: Map<string, number>) {
  const after = await counted(sql);
  return Object.fromEntries(
    [...after].filter(([name, value]) => value !== before.get(name) && !GAUGES.test(name)).map((
      [name, value],
    ) => [name, value - before.get(name)!]),
  );
}

/** They count what other races left behind, too, whose leases run out at any moment. */
const GAUGES = /^((active|expired)_generations|database_bytes)/;

const FINISHED = "generations_ended_total completed";

/** A finish, a start, a sweep and refusals. */
async function doEverything(sql: Sql, running: Admitted, other: string) {
  await finish(sql, running);
  equal((await begin(sql, { user_id: other })).outcome, "admitted");
  equal(await sweep(sql, running), 1);
  await sql`select public.relay_count_refusals(array['internal'], array[3])`;
}

/** What that adds, without tokens and times. */
const EVERYTHING = {
  [FINISHED]: 1,
  generations_started_total: 1,
  "generations_ended_total interrupted interrupted": 1,
  swept_generations_total: 1,
  sweeps_total: 1,
  "refusals_total internal": 3,
};

/** Without tokens, times and gauges. */
function counts(added: Record<string, number>) {
  return Object.fromEntries(Object.entries(added).filter(([name]) => !/tokens|seconds|_generations$/.test(name)));
}

/** Counting against counting. */
export const counting: TransactionRaces = {
  async "a finish that is still open makes no finish, start, sweep, refusal or scrape wait"(race) {
    const { observer } = race;
    const [one, two, three] = await race.givenGenerations(3);
    const other = await race.givenUser();
    await expire(observer, [three]);
    // Both finishes are the first of their model.
    await observer`delete from relay.models`;
    const before = await counted(observer);
    await sideBySide(race, (a) => finish(a, one), async (b) => {
      await doEverything(b, two, other);
      equal((await counted(b)).get(FINISHED)! - before.get(FINISHED)!, 1);
    });
    equal(counts(await added(observer, before)), { ...EVERYTHING, [FINISHED]: 2 });
  },

  async "a scrape that is still open makes none of them wait, and nothing is counted twice"(race) {
    const { observer } = race;
    const [one, two, three] = await race.givenGenerations(3);
    const other = await race.givenUser();
    await expire(observer, [three]);
    const before = await counted(observer);
    await finish(observer, one);
    await sideBySide(race, counted, async (b) => {
      await doEverything(b, two, other);
      // What the open one takes is in neither place until it ends.
      equal((await counted(b)).get(FINISHED), before.get(FINISHED));
    });
    equal(counts(await added(observer, before)), { ...EVERYTHING, [FINISHED]: 2 });
  },

  async "a scrape that is rolled back leaves what it took to the next"(race) {
    const { a, observer } = race;
    const [one] = await race.givenGenerations(1);
    const before = await counted(observer);
    await finish(observer, one);
    await a.sql`begin`;
    await counted(a.sql);
    await a.sql`rollback`;
    equal((await added(observer, before))[FINISHED], 1);
  },

  async "of twenty finishes that are all open at once, what is rolled back is not counted"(race) {
    const { observer, databaseUrl } = race;
    const generations = await race.givenGenerations(20);
    const before = await counted(observer);
    const sessions = await Promise.all(Array.from({ length: 10 }, () => openSessions(databaseUrl)));
    try {
      const all = sessions.flatMap(({ a, b }) => [a, b]);
      for (const [index, { sql }] of all.entries()) {
        await sql`begin`;
        await sql`set local lock_timeout = '5s'`;
        await finish(sql, generations[index]);
      }
      equal(await added(observer, before), {});
      for (const [index, { sql }] of all.entries()) {
        await (index % 4 === 0 ? sql`rollback` : sql`commit`);
      }
    } finally {
      for (const session of sessions) await session[Symbol.asyncDispose]();
    }
    equal((await added(observer, before))[FINISHED], 15);
  },

  async "finishes, scrapes and sweeps at once count each end once, and no scrape shows less than one before"(race) {
    const { databaseUrl, observer, user_id } = race;
    const generations = await race.givenGenerations(30);
    const before = await counted(observer);
    const seen = await atOnce<number>(databaseUrl, 120, async (sql, index) => {
      if (index % 4 === 0) await finish(sql, generations[index / 4]);
      else if (index % 4 === 1) await sweep(sql, { user_id });
      return (await counted(sql)).get(FINISHED)!;
    });
    const { sweeps_total, first_token_seconds_sum, ...rest } = await added(observer, before);
    equal([sweeps_total, Math.round(first_token_seconds_sum * 1_000)], [30, 30 * 5]);
    equal(Object.entries(rest).filter(([name]) => !name.startsWith("generation_duration")).sort(), [
      ["first_token_seconds_bucket 0.1", 30],
      [FINISHED, 30],
      ["tokens_total completion", 30 * 11],
      ["tokens_total prompt", 30 * 7],
    ]);
    // Calls of one connection come one after the other.
    for (let connection = 0; connection < 8; connection++) {
      const shown = seen.filter((_, index) => index % 8 === connection);
      equal(shown, shown.toSorted((one, other) => one - other));
    }
  },
};
