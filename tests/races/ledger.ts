/** The ledger: whatever ends a generation, and however often, the days are the sum of the generations. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { Sql } from "postgres";
import type { Usage } from "../../supabase/functions/_relay/protocol/events.ts";
import { eventually } from "../../testkit/eventually.ts";
import { createChance } from "../../testkit/figures.ts";
import { connect } from "../../testkit/postgres.ts";
import { checkRows, type Fallback, givenAuthor, live, type Thread } from "./random_ends.ts";
import { admit, beat, expire, finish, persist, sweep } from "./relay_sql.ts";
import { inOrder, sideBySide, type TransactionRaces } from "./transaction_race.ts";

/** Every key whose days are not the sum of its generations, with what is missing or too much. */
export const UNSETTLED = `
  select s.day::text, s.user_id, s.bot_id, s.model, sum(s.generations) as generations, sum(s.estimated) as estimated,
    sum(s.prompt_tokens) as prompt, sum(s.cached_tokens) as cached, sum(s.completion_tokens) as completion,
    sum(s.reasoning_tokens) as reasoning, sum(s.cost) as cost
  from (
    select (g.started_at at time zone 'UTC')::date as day, g.user_id, g.bot_id, g.model, 1 as generations,
      g.usage_is_estimated::integer as estimated, coalesce(g.prompt_tokens, 0) as prompt_tokens,
      coalesce(g.cached_tokens, 0) as cached_tokens, coalesce(g.completion_tokens, 0) as completion_tokens,
      coalesce(g.reasoning_tokens, 0) as reasoning_tokens, coalesce(g.cost, 0) as cost
    from relay.generations g where g.status <> 'running'
    union all
    select u.day, u.user_id, u.bot_id, u.model, -u.generations, -u.estimated, -u.prompt_tokens, -u.cached_tokens,
      -u.completion_tokens, -u.reasoning_tokens, -coalesce(u.cost, 0)
    from public.usage_days u
  ) s
  group by s.day, s.user_id, s.bot_id, s.model
  having (sum(s.generations), sum(s.estimated), sum(s.prompt_tokens), sum(s.cached_tokens), sum(s.completion_tokens),
    sum(s.reasoning_tokens), sum(s.cost)) is distinct from (0, 0, 0, 0, 0, 0, 0)`;

/** More than a loop of PL/pgSQL reads ahead. */
const COPIES = 100;

/** More generations that ended as this one did, before or after all others in whatever order they are read. */
const copy = (sql: Sql, { stream_id }: { stream_id: string }) =>
  sql`
    with copied as (
      insert into relay.generations
      select (jsonb_populate_record(g, jsonb_build_object('stream_id', g.stream_id || '-' || i))).*
      from relay.generations g, generate_series(1, ${COPIES}::integer) i
      where g.stream_id = ${stream_id}
      returning *
    )
    select relay.settle(jsonb_populate_record(c::relay.generations, '{"status": "running"}'), c::relay.generations) from copied c`;

const RUNS = 1_000;
const CONNECTIONS = 8;

export const ledger: TransactionRaces = {
  async "a thousand random ends, on eight connections, under sweeps: the days are the sum of the generations, always"(
    race,
  ) {
    const { observer, databaseUrl } = race;
    await observer`
      insert into relay.prices (host, model, input, cached_input, output, valid_from)
      values ('127.0.0.1:9', 'test-model', 0.15, 0.0375, 0.6, '2026-01-01'),
        ('127.0.0.2:9', 'fallback-model', 1.7, 0.41, 3.9, '2026-01-01'),
        ('127.0.0.3:9', 'other-fallback', 5.3, null, 7.1, '2026-01-01')
      on conflict do nothing`;
    const people = await Promise.all(Array.from({ length: 24 }, () => givenAuthor(race)));
    const reported = new Map<string, Usage>();
    const answered = new Map<string, Fallback>();
    let lives = 0;
    const threads = Array.from({ length: CONNECTIONS }, (_, index): Thread => ({
      ...{
        sql: connect(databaseUrl),
        chance: createChance(index + 1),
        people,
        reported,
        answered,
        lived: () => void lives++,
      },
    }));
    const sweepers = [connect(databaseUrl), connect(databaseUrl)];
    let over = false;
    let looks = 0;
    const watch = async () => {
      while (!over) {
        // One snapshot, in which others are in the middle of everything.
        equal([...await observer.unsafe(UNSETTLED)], []);
        looks++;
      }
    };
    const keepSweeping = async (sql: Sql) => {
      while (!over) await persist(() => sql`select public.relay_sweep()`);
    };
    const work = async (thread: Thread) => {
      while (lives < RUNS) {
        await live(thread);
        // At 300, 600 and 900 a user goes, with all that is running.
        if (lives < 300 * (25 - people.length)) continue;
        const id = people.pop()!;
        await persist(() => thread.sql`delete from auth.users where id = ${id}`);
      }
    };
    try {
      const watching = [watch(), ...sweepers.map(keepSweeping)];
      try {
        await Promise.all(threads.map(work));
      } finally {
        over = true;
        await Promise.all(watching);
      }
      await observer`update relay.generations set lease_expires_at = now() - interval '1 hour' where status = 'running'`;
      for (let rest = 1; rest > 0;) {
        const [{ answer }] = await observer`select public.relay_sweep() as answer`;
        rest = answer.closed;
      }
      equal([...await observer.unsafe(UNSETTLED)], []);
      ok(looks > 5, `${looks} looks in the middle of it`);
      await checkRows(observer, people, { reported, answered }, RUNS / 2);
    } finally {
      await Promise.all([...threads.map(({ sql }) => sql.end()), ...sweepers.map((sql) => sql.end())]);
    }
  },

  async "an end that is still open makes no other end of its user wait, whether a finish or a sweep"(race) {
    const [one, two, three, four] = await race.givenGenerations(4);
    await expire(race.observer, [one, four]);
    await sideBySide(race, (a) => sweep(a, one), (b) => finish(b, two));
    await sideBySide(race, (a) => finish(a, three), (b) => sweep(b, race));
    equal([...await race.observer.unsafe(UNSETTLED)], []);
  },

  async "a finish gives way to the deletion of its user, and then finds nothing to finish"(race) {
    const { a, b, observer } = race;
    const user_id = await race.givenUser();
    const [text, none] = [await admit(observer, { user_id }), await admit(observer, { user_id })];
    await a.sql`begin`;
    // The first thing that a deletion does; the rest of it waits for conversations and generations.
    await a.sql`select from auth.users where id = ${user_id} for update`;
    await rejects(finish(b.sql, text), { code: "55P03" });
    await rejects(finish(b.sql, none, ""), { code: "55P03" });
    await a.sql`delete from auth.users where id = ${user_id}`;
    await a.sql`commit`;
    equal([await finish(b.sql, text), await finish(b.sql, none, "")], [null, null]);
    equal([...await observer`select from public.usage_days where user_id = ${user_id}`], []);
  },

  async "a sweep that merges passes by what a deletion of a user holds, and waits for nothing"(race) {
    const { observer } = race;
    const user_id = await race.givenUser();
    await finish(observer, await admit(observer, { user_id }));
    const mine = await admit(observer, race);
    await finish(observer, mine);
    await sideBySide(
      race,
      (a) => a`delete from auth.users where id = ${user_id}`,
      (b) => sweep(b, race),
    );
    await sweep(observer, race);
    equal([...await observer`select from public.usage_days where not is_merged`], []);
    equal([...await observer.unsafe(UNSETTLED)], []);
  },

  async "two sweeps at once merge each row once"(race) {
    const { observer } = race;
    for (const generation of await race.givenGenerations(3)) await finish(observer, generation);
    await sideBySide(race, (a) => sweep(a, race), (b) => sweep(b, race));
    equal([...await observer.unsafe(UNSETTLED)], []);
    const [days] = await observer`
      select count(*)::int as rows, sum(generations)::int as generations from public.usage_days
      where user_id = ${race.user_id}`;
    equal(days, { rows: 1, generations: 3 });
  },

  async "a recovery waits for the sweep that it corrects"(race) {
    const { observer } = race;
    const [generation] = await race.givenGenerations(1);
    await beat(observer, [generation], [{ start: 0, text: "Once" }]);
    await expire(observer, [generation]);
    await inOrder(race, (a) => sweep(a, generation), (b) => finish(b, generation, "Once upon a time."));
    const [days] = await observer`
      select sum(generations)::int as generations, sum(estimated)::int as estimated, sum(prompt_tokens)::int as prompt
      from public.usage_days where user_id = ${race.user_id}`;
    equal(days, { generations: 1, estimated: 0, prompt: 7 });
    equal([...await observer.unsafe(UNSETTLED)], []);
  },

  async "relay.reprice holds nothing while it waits: the deletion of a user, or of a story, goes on"(race) {
    const { observer, a, b } = race;
    for (const by of ["user", "story"]) {
      const user_id = await race.givenUser();
      const model = crypto.randomUUID();
      await observer`update public.bots set model = ${model} where user_id = ${user_id}`;
      const first = await admit(observer, { user_id, stream_id: `1-${model}` });
      await finish(observer, first);
      await copy(observer, first);
      const last = await admit(observer, {
        ...{ user_id, stream_id: `2-${model}`, conversation_id: first.conversation_id },
      });
      await finish(observer, last);
      const other = await admit(observer, { user_id });
      await finish(observer, other);
      await copy(observer, other);
      await observer`
        insert into relay.prices (host, model, input, output, valid_from) values ('127.0.0.1:9', ${model}, 3, 5, '2026-01-01')`;
      const idOfDays = async () =>
        (await observer`select last_value::int as id from pg_sequences where sequencename = 'usage_days_id_seq'`)[0].id;
      const idBefore = await idOfDays();
      await a.sql`begin`;
      // Of a deletion the beginning: it has some of the rows that reprice needs.
      if (by === "user") await a.sql`select from auth.users where id = ${user_id} for update`;
      else await a.sql`select from relay.generations where stream_id = ${last.stream_id} for update`;
      const repriced = b.sql`select relay.reprice(now() - interval '1 minute') as changed`;
      repriced.catch(() => {});
      await eventually("reprice waits", async () => {
        const [{ event }] = await observer`select wait_event as event from pg_stat_activity where pid = ${b.pid}`;
        return ["transactionid", "tuple", "PgSleep"].includes(event);
      });
      if (by === "user") await a.sql`delete from auth.users where id = ${user_id}`;
      else await a.sql`delete from public.conversations where id = ${first.conversation_id}`;
      await a.sql`commit`;
      const { changed } = (await repriced)[0];
      ok(changed >= (by === "user" ? 0 : 3 + 2 * COPIES));
      equal(await idOfDays() - idBefore, changed, "what is undone are locks, and no settled days");
      const costs = await observer`select cost::float8 from relay.generations where user_id = ${user_id}`;
      const count = by === "user" ? 0 : 3 + 2 * COPIES;
      equal(costs.map(({ cost }) => cost), Array(count).fill((7 * 3 + 11 * 5) / 1e6));
    }
    equal([...await observer.unsafe(UNSETTLED)], []);
  },
};
