import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import type { Sql } from "postgres";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { createChance } from "../../testkit/figures.ts";
import { mintToken } from "../../testkit/people.ts";
import { waits } from "../../testkit/provider.ts";
import { expectRefusal, readEvents, readToEnd } from "../../testkit/reader.ts";
import { admit, type Admitted, begin, expire as expireLeases, sweep } from "./relay_sql.ts";
import { atOnce, type TransactionRaces } from "./transaction_race.ts";
import { expire, givenRunning, startAtOnce, type WorkerRace, type WorkerRaceTest } from "./worker_race.ts";

/** What an answer of an unknown model is expected to need, with a prompt of a few words: 1,000 tokens and less than 20. */
const ANSWER = 1_020;

/** What is settled and held at one moment, and by how much those that have ended needed more than they held. */
const USED = `select
  (select coalesce(sum(prompt_tokens + completion_tokens), 0) from public.usage_days where user_id = $1)::int as settled,
  (select coalesce(sum(reserved_tokens), 0) from relay.generations
    where user_id = $1 and status = 'running' and lease_expires_at > clock_timestamp())::int as held,
  (select coalesce(sum(greatest(prompt_tokens + completion_tokens - reserved_tokens, 0)), 0) from relay.generations
    where user_id = $1 and status <> 'running')::int as overshoot,
  (select coalesce(sum(prompt_tokens + completion_tokens), 0) from relay.generations
    where user_id = $1 and status <> 'running')::int as used`;

interface Used {
  settled: number;
  held: number;
  overshoot: number;
  used: number;
}

const giveBudget = ({ look }: WorkerRace, { user }: Author, tokens: number, period = "day") =>
  look(`insert into relay.budgets (user_id, period, tokens) values ($1, '${period}', ${tokens})`, user.id);

async function expectSpent(response: Response, words: RegExp) {
  const { message, resets_at } = await expectRefusal(response, 402, "budget_exceeded");
  match(message, words);
  const seconds = (Date.parse(resets_at) - Date.now()) / 1_000;
  const after = Number(response.headers.get("retry-after"));
  ok(seconds > 0 && Math.abs(after - seconds) < 60, `${after} s, until ${resets_at}`);
}

/** Budgets over two workers and one Postgres. */
export const budgets: WorkerRaceTest[] = [{
  title:
    "a worker that is killed holds its users' slots and budgets no longer than its leases, and never another user's",
  env: { RELAY_MAX_CONCURRENT: "2", RELAY_LEASE_MS: "600000" },
  async run(race) {
    const { target: { workers: [, worker] }, workers } = race;
    const [full, poor] = [await givenRunning(race), await givenRunning(race)];
    const second = await full.open({ prompt: "x" });
    await full.called(2);
    await giveBudget(race, poor, 2 * ANSWER - 100, "month");
    const again = (running: Author) => running.ask({ prompt: "again" }, { worker });
    const refused = async () => {
      await expectRefusal(await again(full), 429, "too_many_streams");
      await expectSpent(await again(poor), /this month's budget has \d+ of 1940 left$/);
    };
    await refused();
    const other = await newAuthor({ ...race.target, workers: [worker] }, race.provider);
    equal((await other.generate({ prompt: "x" })).end, "done");
    await workers[0].kill();
    for (const reader of [full.reader, second, poor.reader]) {
      await reader.rest().catch(() => "The connection may break as well");
      ok(!reader.events.some(({ event }) => event === "done" || event === "error"));
    }
    await refused();
    for (const [running, count] of [[full, 3], [poor, 2]] as const) {
      await expire(race, running.stream_id);
      const next = readEvents(await again(running));
      await (await running.called(count)).finish();
      equal((await readToEnd(next)).end, "done");
    }
  },
}, {
  title: "of forty starts of forty users, over both workers, with a shared budget for three, three run",
  async run(race) {
    const { look, provider, target } = race;
    const authors = await Promise.all(Array.from({ length: 40 }, () => newAuthor(target, provider, waits)));
    // What other races have left running does not count before it, and what this one leaves not after it.
    await look("update relay.generations set reserved_tokens = 0 where $1 <> ''", "all");
    const [{ spent }] = await look<{ spent: number }>(
      "select coalesce(sum(prompt_tokens + completion_tokens), 0)::int as spent from public.usage_days where $1 <> ''",
      "all",
    );
    const limit = String(spent + 3 * ANSWER);
    await look("insert into relay.budgets (period, is_shared, tokens) values ('ever', true, $1::bigint)", limit);
    try {
      const { admitted, refusals, leave } = await startAtOnce(
        target,
        40,
        (index) => [authors[index], { prompt: "x" }],
      );
      equal([admitted.length, refusals.length], [3, 37]);
      for (const response of refusals) {
        const { message, resets_at } = await expectRefusal(response, 402, "budget_exceeded");
        equal([message, resets_at], [
          "Cannot start the generation: the budget, which all users share, is used up",
          undefined,
        ]);
      }
      await leave();
    } finally {
      await look("delete from relay.budgets where is_shared and $1 <> ''", "all");
    }
  },
}, {
  title:
    "each kind of start needs a budget, a preview and a stream_id that exists need none; my_spending() says what is left",
  async run(race) {
    const author = await newAuthor(race.target, race.provider);
    const { start, last } = await author.generate({ prompt: "x" });
    const { conversation_id, stream_id } = start;
    await giveBudget(race, author, 25);
    for (
      const body of [
        { prompt: "x" },
        { prompt: "x", conversation_id },
        { messages: [{ role: "user", content: "x" }] },
        { reroll_of: last.message_id },
        { continue_of: last.message_id },
        { answer_to: last.message_id },
      ]
    ) await expectSpent(await author.ask(body), /today's budget has 7 of 25 left$/);
    equal((await (await author.ask({ prompt: "x", preview: true })).json()).fits, true);
    equal((await author.generate({ prompt: "x", stream_id })).last.message_id, last.message_id);

    const { today, budgets } = await author.rest("rpc/my_spending", { method: "POST", body: {} });
    equal([today.tokens, budgets.length], [{ spent: 18, held: 0 }, 1]);
    equal(budgets[0].tokens, { limit: 25, spent: 18, held: 0, left: 7 });

    // An anonymous user is a user.
    const token = await mintToken(race.target.jwtSecret, author.user.id, { is_anonymous: true });
    await expectSpent(await author.ask({ prompt: "x" }, { token }), /today's budget/);
  },
}];

async function finish(sql: Sql, { stream_id, fence }: Admitted, completion_tokens: number) {
  await sql`
    select public.relay_finish(
      stream_id => ${stream_id}, fence => ${fence}, status => 'completed', finish_reason => 'stop', error_code => null,
      content => 'Once', prompt_tokens => 20, completion_tokens => ${completion_tokens}, total_tokens => null,
      first_token_ms => 5, start_at => 0)`;
}

/** Budgets against transactions. */
export const budgetCrowds: TransactionRaces = {
  async "320 starts and random ends on eight connections: at no moment is more settled and held than the budget and what ended over it"(
    { databaseUrl, observer, user_id },
  ) {
    const limit = 20_000;
    for (const period of ["day", "month", "ever"]) {
      await observer`insert into relay.budgets (user_id, period, tokens) values (${user_id}, ${period}, ${limit})`;
    }
    const chance = createChance(7);
    const look = async () => (await observer.unsafe(USED, [user_id]))[0] as unknown as Used;
    let [isOver, looks] = [false, 0];
    const watching = (async () => {
      for (; !isOver; looks++) {
        const { settled, held, overshoot } = await look();
        ok(
          settled + held <= limit + overshoot,
          `${settled} settled and ${held} held of ${limit}, with ${overshoot} more`,
        );
      }
    })();
    // Its failure comes with the wait for it.
    watching.catch(() => {});
    const all = await atOnce<string[]>(databaseUrl, 8, async (sql) => {
      const outcomes: string[] = [];
      for (let start = 0; start < 40; start++) {
        const stream_id = crypto.randomUUID();
        const answer = await begin(sql, { user_id, stream_id });
        outcomes.push(answer.code ?? "ended");
        if (answer.outcome !== "admitted") continue;
        const generation = { ...answer, stream_id, user_id };
        if (chance() < 0.2) await expireLeases(sql, [generation]);
        else await finish(sql, generation, Math.floor(chance() * 1_500));
      }
      return outcomes;
    }).finally(() => isOver = true);
    await watching;
    ok(looks > 1, "It was not looked at while it went on");
    const used = await look();
    const count = (outcome: string) => all.flat().filter((other) => other === outcome).length;
    const [ended, refused] = [count("ended"), count("budget_exceeded")];
    ok(ended > 10 && refused > 10, `${ended} ended, ${refused} refused`);
    equal(ended + refused + count("overloaded"), 320);
    await sweep(observer, { user_id });
    const swept = await look();
    equal([swept.held, swept.settled], [0, swept.used]);
    ok(swept.settled >= used.settled && swept.settled <= limit + swept.overshoot);
  },

  async "a start whose shared budget is locked does not wait while much is left, and does where little is"(race) {
    const { a, observer, user_id } = race;
    const [{ spent }] = await observer`
      select coalesce(sum(prompt_tokens + completion_tokens), 0)::int as spent from public.usage_days`;
    await observer`insert into relay.budgets (period, is_shared, tokens) values ('ever', true, ${spent + 10_000_000})`;
    try {
      await admit(observer, { user_id });
      await a.sql`begin`;
      await a.sql`select 1 from relay.budgets where is_shared for update`;
      // No lock is waited for: with one it would be refused after a second.
      await admit(observer, { user_id });
      await a.sql`update relay.budgets set tokens = shared_tokens + 5000 where is_shared`;
      await a.sql`commit`;
      await a.sql`begin`;
      await a.sql`select 1 from relay.budgets where is_shared for update`;
      await begin(observer, { user_id }).then(
        () => ok(false, "It has not waited"),
        ({ code }) => equal(code, "55P03"),
      );
      await a.sql`commit`;
      await admit(observer, { user_id });
    } finally {
      await a.sql`rollback`;
      await observer`delete from relay.budgets where is_shared`;
    }
  },
};
