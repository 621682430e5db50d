import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Sql } from "postgres";
import { atOnce, openSessions, sideBySide, type TransactionRace, type TransactionRaces } from "./transaction_race.ts";
import { admit, begin, expire, finish, sweep } from "./relay_sql.ts";

/** What relay_metrics answers, by name and the labels' values. */
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

/** What came to the counters since. */
async function added(sql: Sql, before: Map<string, number>) {
  const after = await counted(sql);
  return Object.fromEntries(
    [...after].filter(([name, value]) => value !== before.get(name)).map((
      [name, value],
    ) => [name, value - before.get(name)!]),
  );
}

const FINISHED = "generations_ended_total completed";

/** Holds every slot, but for one, until the session's transaction ends. */
async function holdSlots(sql: Sql, except = -1) {
  await sql`
    select pg_advisory_xact_lock(7303, slot) from generate_series(0, 63) slot
    where slot <> ${except}`;
}

/** In A's open transaction something is counted, and in the very slot that B comes to first. */
async function inTheSlotOfB<T>({ a, b, databaseUrl }: TransactionRace, first: (sql: Sql) => Promise<T>): Promise<T> {
  await using spare = await openSessions(databaseUrl);
  await spare.a.sql`begin`;
  await holdSlots(spare.a.sql, b.pid % 64);
  const answer = await first(a.sql);
  await spare.a.sql`rollback`;
  const [{ held }] = await spare.observer`
    select count(*)::int as held from pg_locks
    where locktype = 'advisory' and classid = 7303 and objid = ${b.pid % 64}
      and pid = ${a.pid}`;
  equal(held, 1);
  return answer;
}

/** Counting against counting. */
export const counting: TransactionRaces = {
  async "forty finishes at once are all counted"({ databaseUrl, observer, ...race }) {
    const generations = await race.givenGenerations(40);
    const before = await counted(observer);
    const outcomes = await atOnce(databaseUrl, 40, (sql, index) => finish(sql, generations[index]));
    ok(outcomes.every(({ status }) => status === "completed"));
    const { first_token_seconds_sum, ...counts } = await added(observer, before);
    equal(Math.round(first_token_seconds_sum * 1000), 40 * 5);
    equal(
      Object.entries(counts).filter(([name]) => !name.startsWith("generation_duration")).sort(),
      [
        ["active_generations", -40],
        ["first_token_seconds_bucket 0.1", 40],
        [FINISHED, 40],
        ["tokens_total completion", 440],
        ["tokens_total prompt", 280],
      ],
    );
  },

  async "a finish does not wait for one that has counted and is still open"(race) {
    const [one, two] = await race.givenGenerations(2);
    const before = await counted(race.observer);
    await sideBySide(
      race,
      () => inTheSlotOfB(race, (sql) => finish(sql, one)),
      async (b) => {
        await finish(b, two);
        equal((await counted(b)).get(FINISHED)! - before.get(FINISHED)!, 1);
      },
    );
    equal((await added(race.observer, before))[FINISHED], 2);
  },

  async "neither does a start, nor a sweep, nor a worker that flushes its refusals"(race) {
    const { observer, user_id } = race;
    const [one, two] = await race.givenGenerations(2);
    const other = await race.givenUser();
    await expire(observer, [two]);
    const before = await counted(observer);
    await sideBySide(
      race,
      () => inTheSlotOfB(race, (sql) => finish(sql, one)),
      async (b) => {
        equal((await begin(b, { user_id: other })).outcome, "admitted");
        equal(await sweep(b, { user_id }), 1);
        await b`select public.relay_count_refusals(array['internal'], array[3])`;
      },
    );
    const counts = await added(observer, before);
    equal([
      counts[FINISHED],
      counts.generations_started_total,
      counts["generations_ended_total interrupted interrupted"],
      counts.sweeps_total,
      counts["refusals_total internal"],
    ], [1, 1, 1, 1, 3]);
  },

  async "where all slots are held, a session counts in one of its own and waits for no other"(race) {
    const { a, b, observer } = race;
    const [one, two] = await race.givenGenerations(2);
    const before = await counted(observer);
    await sideBySide(race, holdSlots, (sql) => finish(sql, one));
    await sideBySide(race, holdSlots, (sql) => finish(sql, two));
    equal((await added(observer, before))[FINISHED], 2);
    const slots = await observer`
      select distinct slot from relay.counters where slot < 0`;
    equal(slots.map(({ slot }) => slot), [-b.pid]);
    equal([
      ...await observer`
      select 1 from pg_locks where locktype = 'advisory' and pid = ${a.pid}`,
    ], []);
  },

  async "twenty finishes that are all open at once count in twenty slots, and what is rolled back is not counted"(
    race,
  ) {
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
      const [{ slots }] = await observer`
        select count(distinct objid)::int as slots from pg_locks
        where locktype = 'advisory' and classid = 7303 and granted`;
      equal(slots, 20);
      equal(await added(observer, before), {});
      for (const [index, { sql }] of all.entries()) {
        await (index % 4 === 0 ? sql`rollback` : sql`commit`);
      }
    } finally {
      for (const session of sessions) await session[Symbol.asyncDispose]();
    }
    const counts = await added(observer, before);
    equal([counts[FINISHED], counts.active_generations], [15, -15]);
  },

  async "twenty sweeps and finishes of the same generations count each of them once"(
    { databaseUrl, observer, user_id, ...race },
  ) {
    const generations = await race.givenGenerations(20);
    await expire(observer, generations);
    const before = await counted(observer);
    await atOnce<unknown>(
      databaseUrl,
      40,
      (sql, index) => index % 2 === 0 ? sweep(sql, { user_id }) : finish(sql, generations[(index - 1) / 2]),
    );
    // Those that the sweep was faster with are completed by now.
    const counts = await added(observer, before);
    const finished = counts[FINISHED] ?? 0;
    const swept = counts["generations_ended_total interrupted interrupted"] ??
      0;
    equal(finished + swept, 20);
    equal(counts["generations_recovered_total completed"] ?? 0, swept);
    equal(counts["tokens_total prompt"], 20 * 7);
    equal(counts.swept_generations_total ?? 0, swept);
    equal(counts.expired_generations, -20);
    equal((await admit(observer, { user_id })).user_id, user_id);
  },
};
