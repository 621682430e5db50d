/** The ledger: whatever ends a generation, and however often, the days are the sum of the generations. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { Sql } from "postgres";
import { type Ending, finish as finishWith } from "../../supabase/functions/_relay/database/finish.ts";
import type { Rpc } from "../../supabase/functions/_relay/database/rpc.ts";
import type { Usage } from "../../supabase/functions/_relay/protocol/events.ts";
import { withUsage } from "../../supabase/functions/_relay/provider/chat_completions/usage.ts";
import { type Chance, createChance, oneOf } from "../../testkit/figures.ts";
import { connect } from "../../testkit/postgres.ts";
import { admit, type Admitted, beat, cancel, expire, finish, sweep } from "./relay_sql.ts";
import { inOrder, sideBySide, type TransactionRace, type TransactionRaces } from "./transaction_race.ts";

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

const RUNS = 1_000;
const CONNECTIONS = 8;
const WORDS = "Once upon a time there was a fox 🦊 who had read all books but one.";

/** What a provider reports of one answer: never, at the end, in each chunk, twice, without details, in part. */
function reportsOf(chance: Chance): unknown[] {
  const count = (most: number) => Math.floor(chance() * most);
  const [prompt_tokens, completion_tokens] = [1 + count(9_000), 1 + count(900)];
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  const cached = { prompt_tokens_details: { cached_tokens: count(prompt_tokens) } };
  const reasoning = { completion_tokens_details: { reasoning_tokens: count(completion_tokens) } };
  return oneOf<() => unknown[]>(chance, [
    () => [],
    () => [{}],
    () => [usage],
    () => [usage, usage],
    () => [{ ...usage, ...cached, ...reasoning }, { ...usage, ...cached, ...reasoning }],
    () => [{ prompt_tokens, prompt_cache_hit_tokens: count(prompt_tokens), completion_tokens }],
    () => Array.from({ length: 5 }, (_, n) => ({ ...usage, ...cached, completion_tokens: n + 1, total_tokens: null })),
    () => [{ prompt_tokens }],
    () => [{ total_tokens: usage.total_tokens }],
  ])();
}

const rpcOf = (sql: Sql): Rpc =>
  (async (name: string, args: Record<string, unknown>) => {
    const names = Object.keys(args);
    const list = names.map((argument, index) => `${argument} => $${index + 1}`).join(", ");
    const values = Object.values(args) as (string | number | null)[];
    const [{ answer }] = await sql.unsafe(`select public.${name}(${list}) as answer`, values);
    return answer;
  }) as Rpc;

/** As a worker does: what waits too long, or is chosen to end a deadlock, is called again. */
async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === 20 || !["40P01", "55P03"].includes((error as { code?: string }).code ?? "")) throw error;
    }
  }
}

/** One worker's thread: a connection, and its own luck. */
interface Thread {
  sql: Sql;
  chance: Chance;
  people: string[];
  /** What was reported in full, by stream_id: this is what the row must have. */
  reported: Map<string, Usage>;
}

async function end(thread: Thread, generation: Admitted, text: string, ending: Partial<Ending>) {
  const { sql, chance, reported } = thread;
  const usage = reportsOf(chance).reduce<Usage | null>(withUsage, null);
  const whole: Ending = {
    ...{ status: "completed", finishReason: "stop", errorCode: null, usage },
    ...{ firstTokenMs: text === "" ? null : 5, overheadMs: 3, ...ending },
  };
  const held = { storedUnits: text.length, from: (offset: number) => text.slice(offset) };
  const { stream_id, fence } = generation;
  const sent = { units: text.length, toOthers: 0 };
  const stored = await persist(() => finishWith(rpcOf(sql), stream_id, fence, whole, held, sent));
  const isReported = whole.usage?.prompt_tokens != null && whole.usage.completion_tokens !== null;
  if (stored !== null && isReported) reported.set(stream_id, whole.usage!);
  // A worker that lost the answer calls again, with whatever it has by then.
  if (chance() < 0.2) {
    const other = { ...whole, usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
    equal(await persist(() => finishWith(rpcOf(sql), stream_id, fence, other, held, sent)), stored);
  }
}

/** Ends with this text; each is one way in which a generation ends. */
const ENDS: ((thread: Thread, generation: Admitted, text: string) => Promise<unknown>)[] = [
  (thread, generation, text) => end(thread, generation, text, {}),
  (thread, generation, text) => end(thread, generation, text, { status: "disconnected", finishReason: "disconnected" }),
  async (thread, generation, text) => {
    await persist(() => cancel(thread.sql, generation));
    await end(thread, generation, text, { usage: null });
  },
  (thread, generation) =>
    end(thread, generation, "", {
      ...{ status: "failed", finishReason: "error", usage: null },
      errorCode: oneOf(thread.chance, ["provider_auth", "provider_refused", "provider_error", "provider_timeout"]),
    }),
  (thread, generation, text) =>
    end(thread, generation, text, {
      status: "failed",
      finishReason: "error",
      errorCode: "provider_error",
      usage: null,
    }),
  // A worker that is killed.
  (thread, generation) => expire(thread.sql, [generation]),
  // One that was cut off, and is back before or after a sweep.
  async (thread, generation, text) => {
    await expire(thread.sql, [generation]);
    if (thread.chance() < 0.7) await persist(() => sweep(thread.sql, generation));
    await end(thread, generation, text, {});
  },
  async (thread, generation, text) => {
    await expire(thread.sql, [generation]);
    await Promise.all([persist(() => cancel(thread.sql, generation)), end(thread, generation, text, { usage: null })]);
  },
];

/** What its user may do at the same time. */
const MEANWHILE: ((sql: Sql, generation: Admitted) => Promise<unknown>)[] = [
  (sql, { user_id }) =>
    sql`delete from public.bots where id in (select id from public.bots where user_id = ${user_id} limit 1)`,
  (sql, { user_id }) =>
    sql`insert into public.bots (user_id, access_path, model, memory)
      values (${user_id}, 'http://127.0.0.1:9/v1', 'free-model', true)`,
  (sql, { user_id }) => sql`update public.bots set model = 'test-model', updated_at = now() where user_id = ${user_id}`,
  (sql, { conversation_id }) => sql`delete from public.conversations where id = ${conversation_id}`,
  (sql, { user_message_id }) => sql`delete from public.messages where id = ${user_message_id}`,
  // It began yesterday.
  (sql, { stream_id }) =>
    sql`update relay.generations set started_at = started_at - interval '1 day'
      where stream_id = ${stream_id} and status = 'running'`,
  (sql) =>
    sql`insert into relay.prices (host, model, input, cached_input, output)
      select '127.0.0.1:9', 'test-model', 0.37 + random()::numeric(9, 7), 0.041, 1.3333333
      on conflict do nothing`,
  (sql) => sql`select relay.reprice(now() - interval '2 days')`,
];

/** A memory of what was answered, where there is something to remember. */
async function remember(thread: Thread, { user_id, stream_id }: Admitted) {
  const { sql, chance } = thread;
  const [message] = await sql`select id, bot_id from public.messages where stream_id = ${stream_id}`;
  if (message?.bot_id == null) return;
  const memory = { stream_id: crypto.randomUUID(), fence: crypto.randomUUID() };
  const [{ answer }] = await sql`
    select public.relay_begin_memory(
      user_id => ${user_id}, stream_id => ${memory.stream_id}, worker_id => 'a-test', message_id => ${message.id},
      bot_id => ${message.bot_id}, lease_ms => 15000, max_context => 4000000, fence => ${memory.fence}, task_bytes => 9
    ) as answer`;
  if (answer?.outcome !== "admitted") return;
  const generation = { ...memory, user_id, conversation_id: "", user_message_id: "" };
  if (chance() < 0.3) await expire(sql, [generation]);
  else await end(thread, generation, "They met.", {});
}

/** A user with a bot that writes memories, and one that has no price. */
async function givenAuthor({ observer, givenUser }: TransactionRace): Promise<string> {
  const user_id = await givenUser();
  await observer`update public.bots set memory = true where user_id = ${user_id}`;
  await observer`
    insert into public.bots (user_id, access_path, model, updated_at)
    values (${user_id}, 'http://127.0.0.1:9/v1', 'free-model', now() - interval '1 day')`;
  return user_id;
}

/** One generation from its admission to its end, and what happens to it on the way. */
async function live(thread: Thread) {
  const { sql, chance, people } = thread;
  const user_id = oneOf(chance, people);
  const generation = await persist(() => admit(sql, { user_id })).catch(() => null);
  // Its user, or all bots of the user, were deleted.
  if (generation === null) return;
  const length = Math.floor(chance() * WORDS.length);
  if (chance() < 0.6) {
    await persist(() => beat(sql, [generation], [{ start: 0, text: WORDS.slice(0, length) }]));
  }
  const disturb = async () => void (chance() < 0.4 && await persist(() => oneOf(chance, MEANWHILE)(sql, generation)));
  await disturb();
  await oneOf(chance, ENDS)(thread, generation, chance() < 0.8 ? WORDS : "");
  await disturb();
  if (chance() < 0.3) await persist(() => remember(thread, generation));
}

export const ledger: TransactionRaces = {
  async "a thousand random ends, on eight connections, under sweeps: the days are the sum of the generations, always"(
    race,
  ) {
    const { observer, databaseUrl } = race;
    await observer`
      insert into relay.prices (host, model, input, cached_input, output, valid_from)
      values ('127.0.0.1:9', 'test-model', 0.15, 0.0375, 0.6, '2026-01-01') on conflict do nothing`;
    const people = await Promise.all(Array.from({ length: 24 }, () => givenAuthor(race)));
    const reported = new Map<string, Usage>();
    const threads = Array.from({ length: CONNECTIONS }, (_, index): Thread => ({
      ...{ sql: connect(databaseUrl), chance: createChance(index + 1), people, reported },
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
      for (let run = 0; run < RUNS / CONNECTIONS; run++) {
        await live(thread);
        if (run === 60) await persist(() => thread.sql`delete from auth.users where id = ${people.pop()!}`);
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
      await checkRows(observer, people, reported);
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
};

/** Every kind of end was there, each has what was reported, and the days have one row for each key. */
async function checkRows(observer: Sql, people: string[], reported: Map<string, Usage>) {
  const rows = await observer`
    select g.stream_id, g.kind, g.status, g.error_code, g.usage_is_estimated, g.prompt_tokens, g.completion_tokens,
      g.cached_tokens, g.cost::float8, exists (select from public.bots b where b.id = g.bot_id) as has_bot, g.model
    from relay.generations g where array_position(string_to_array(${people.join()}, ','), g.user_id::text) is not null`;
  for (const row of rows) {
    const usage = reported.get(row.stream_id);
    if (usage === undefined) continue;
    const { prompt_tokens, completion_tokens, cached_tokens } = usage;
    equal([row.usage_is_estimated, row.prompt_tokens, row.completion_tokens], [
      false,
      prompt_tokens,
      completion_tokens,
    ]);
    equal(row.cached_tokens, cached_tokens ?? null);
  }
  const number = (is: (row: (typeof rows)[number]) => boolean) => rows.filter(is).length;
  const seen = {
    completed: number(({ status }) => status === "completed"),
    cancelled: number(({ status }) => status === "cancelled"),
    disconnected: number(({ status }) => status === "disconnected"),
    refused: number(({ error_code }) => error_code === "provider_auth"),
    swept: number(({ status }) => status === "interrupted"),
    memories: number(({ kind }) => kind === "memory"),
    estimated: number(({ usage_is_estimated }) => usage_is_estimated),
    reported: number(({ stream_id }) => reported.has(stream_id)),
    priced: number(({ cost }) => cost > 0),
    unpriced: number(({ cost }) => cost === null),
    deletedBots: number(({ has_bot }) => !has_bot),
  };
  ok(rows.length > RUNS / 2 && Object.values(seen).every((count) => count >= 10), JSON.stringify(seen));
  const [merged] = await observer`
    select count(*)::int as rows, count(distinct (day, user_id, bot_id, model))::int as keys from public.usage_days`;
  equal(merged.rows, merged.keys);
}
