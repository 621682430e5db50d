/** Lives of generations, at random: how they end, what happens on the way, and what their providers report. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Sql } from "postgres";
import { type Ending, finish as finishWith } from "../../supabase/functions/_relay/database/finish.ts";
import type { Usage } from "../../supabase/functions/_relay/protocol/events.ts";
import { withUsage } from "../../supabase/functions/_relay/provider/usage.ts";
import { type Chance, oneOf } from "../../testkit/figures.ts";
import { admit, type Admitted, beat, expire, persist, rpcOf, sweep } from "./relay_sql.ts";
import type { TransactionRace } from "./transaction_race.ts";

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

/** One worker's thread: a connection, and its own luck. */
export interface Thread {
  sql: Sql;
  chance: Chance;
  people: string[];
  /** Counts a generation. */
  lived(): void;
  /** What was reported in full, by stream_id: this is what the row must have. */
  reported: Map<string, Usage>;
  /** The fallback that answered, as it was when the generation began. */
  answered: Map<string, Fallback>;
}

export interface Fallback {
  bot_id: string;
  model: string;
  access_path: string;
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
  if (stored !== null && whole.answeredBy !== undefined) thread.answered.set(stream_id, fallbackOf(generation)!);
  const isReported = whole.usage?.prompt_tokens != null && whole.usage.completion_tokens !== null;
  if (stored !== null && isReported) reported.set(stream_id, whole.usage!);
  // A worker that lost the answer calls again, with whatever it has by then.
  if (chance() < 0.2) {
    const other = { ...whole, usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
    const again = await persist(() => finishWith(rpcOf(sql), stream_id, fence, other, held, sent));
    if (again !== null) equal([again.status, again.message_id], [stored?.status, stored?.message_id]);
  }
}

const fallbackOf = (generation: Admitted) => (generation as Admitted & { fallbacks?: Fallback[] }).fallbacks?.[0];

/** As `end`, but the bot's provider was down, and its fallback has answered, where it has one. */
function endByFallback(thread: Thread, generation: Admitted & { bot_id?: string }, text: string, how: Partial<Ending>) {
  const fallback = fallbackOf(generation);
  if (fallback === undefined) return end(thread, generation, text, how);
  return end(thread, generation, text, {
    ...how,
    answeredBy: fallback.bot_id,
    tries: [
      { botId: generation.bot_id!, model: "", code: "provider_error" },
      { botId: fallback.bot_id, model: fallback.model, code: how.errorCode ?? "answered" },
    ],
  });
}

/** Its user may be deleted, and it with the user. */
const cancelled = ({ sql }: Thread, { user_id, stream_id }: Admitted) =>
  persist(() => sql`select public.relay_cancel(user_id => ${user_id}, stream_id => ${stream_id})`);

/** Ends with this text; each is one way in which a generation ends. */
const ENDS: ((thread: Thread, generation: Admitted, text: string) => Promise<unknown>)[] = [
  (thread, generation, text) => end(thread, generation, text, {}),
  (thread, generation, text) => end(thread, generation, text, { status: "disconnected", finishReason: "disconnected" }),
  async (thread, generation, text) => {
    await cancelled(thread, generation);
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
    await Promise.all([cancelled(thread, generation), end(thread, generation, text, { usage: null })]);
  },
  (thread, generation, text) => endByFallback(thread, generation, text, {}),
  (thread, generation, text) =>
    endByFallback(thread, generation, text, {
      ...{ status: "failed", finishReason: "error", usage: null },
      errorCode: oneOf(thread.chance, ["provider_auth", "provider_error", "provider_timeout"]),
    }),
  async (thread, generation, text) => {
    await cancelled(thread, generation);
    await endByFallback(thread, generation, text, { usage: null });
  },
  // Its worker is cut off, and the fallback deleted or changed while it answers.
  async (thread, generation, text) => {
    const { sql, chance } = thread;
    const bot_id = fallbackOf(generation)?.bot_id ?? null;
    if (chance() < 0.4) await persist(() => sql`delete from public.bots where id = ${bot_id}`);
    else if (chance() < 0.5) {
      await persist(() =>
        sql`update public.bots set model = 'other-fallback', access_path = 'http://127.0.0.3:9/v1' where id = ${bot_id}`
      );
    }
    if (chance() < 0.5) await expire(sql, [generation]);
    if (chance() < 0.5) await persist(() => sweep(sql, generation));
    await endByFallback(thread, generation, text, {});
  },
];

/** A new fallback of all other bots of the user, where they have none. */
const giveFallback = (sql: Sql, user_id: string) =>
  sql`with made as (
      insert into public.bots (user_id, access_path, model, updated_at)
      select u.id, 'http://127.0.0.2:9/v1', 'fallback-model', now() - interval '2 days'
      from auth.users u where u.id = ${user_id} for key share
      returning id
    )
    insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
    select b.id, 1, made.id from made, public.bots b where b.user_id = ${user_id} for key share of b
    on conflict do nothing`;

/** What its user may do at the same time. */
const MEANWHILE: ((sql: Sql, generation: Admitted) => Promise<unknown>)[] = [
  (sql, { user_id }) =>
    sql`delete from public.bots where id in (select id from public.bots where user_id = ${user_id} limit 1)`,
  (sql, { user_id }) =>
    sql`insert into public.bots (user_id, access_path, model, memory)
      select u.id, 'http://127.0.0.1:9/v1', 'free-model', true from auth.users u where u.id = ${user_id} for key share`,
  (sql, { user_id }) => sql`update public.bots set model = 'test-model', updated_at = now() where user_id = ${user_id}`,
  (sql, { conversation_id }) => sql`delete from public.conversations where id = ${conversation_id}`,
  (sql, { user_message_id }) => sql`delete from public.messages where id = ${user_message_id}`,
  (sql, { user_id }) => giveFallback(sql, user_id),
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
export async function givenAuthor({ observer, givenUser }: TransactionRace): Promise<string> {
  const user_id = await givenUser();
  await observer`update public.bots set memory = true where user_id = ${user_id}`;
  await observer`
    insert into public.bots (user_id, access_path, model, updated_at)
    values (${user_id}, 'http://127.0.0.1:9/v1', 'free-model', now() - interval '1 day')`;
  await giveFallback(observer, user_id);
  return user_id;
}

/** One generation from its admission to its end, and what happens to it on the way. */
export async function live(thread: Thread) {
  const { sql, chance, people } = thread;
  const user_id = oneOf(chance, people);
  const generation = await persist(() => admit(sql, { user_id })).catch(() => null);
  // Its user, or all bots of the user, were deleted.
  if (generation === null) return;
  thread.lived();
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
/** Every kind of end was there, each has what was reported, and the days have one row for each key. */
export async function checkRows(
  observer: Sql,
  people: string[],
  { reported, answered }: Pick<Thread, "reported" | "answered">,
  least: number,
) {
  const rows = await observer`
    select g.stream_id, g.kind, g.status, g.error_code, g.usage_is_estimated, g.prompt_tokens, g.completion_tokens,
      g.cached_tokens, g.cost::float8, exists (select from public.bots b where b.id = g.bot_id) as has_bot, g.model,
      g.host, g.bot_id, g.asked_bot_id, g.cost is not distinct from relay.cost_of(
        g.host, g.model, g.started_at, g.prompt_tokens, g.cached_tokens, g.completion_tokens
      ) as has_its_price
    from relay.generations g where array_position(string_to_array(${people.join()}, ','), g.user_id::text) is not null`;
  for (const row of rows) {
    const fallback = answered.get(row.stream_id);
    equal(row.asked_bot_id !== null, fallback !== undefined);
    if (fallback !== undefined) {
      const { bot_id, model, access_path } = fallback;
      equal([row.bot_id, row.model, row.host], [bot_id, model, new URL(access_path).host]);
      ok(row.has_its_price, `${row.host} ${row.model}: ${row.cost}`);
    }
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
    refused: number(({ error_code, prompt_tokens }) => error_code !== null && prompt_tokens === null),
    swept: number(({ status }) => status === "interrupted"),
    memories: number(({ kind }) => kind === "memory"),
    estimated: number(({ usage_is_estimated }) => usage_is_estimated),
    reported: number(({ stream_id }) => reported.has(stream_id)),
    priced: number(({ cost }) => cost > 0),
    unpriced: number(({ cost }) => cost === null),
    deletedBots: number(({ has_bot }) => !has_bot),
    fallbacks: number(({ asked_bot_id, cost }) => asked_bot_id !== null && cost > 0),
    failedFallbacks: number(({ asked_bot_id, status }) => asked_bot_id !== null && status === "failed"),
    deletedFallbacks: number(({ asked_bot_id, has_bot }) => asked_bot_id !== null && !has_bot),
  };
  ok(rows.length > least && Object.values(seen).every((count) => count >= 10), JSON.stringify(seen));
  const [merged] = await observer`
    select count(*)::int as rows, count(distinct (day, user_id, bot_id, model))::int as keys from public.usage_days`;
  equal(merged.rows, merged.keys);
}
