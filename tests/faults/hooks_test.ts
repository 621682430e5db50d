/** The operator's rules of docs/hooks.md, run as they stand there, and a hook that fails or is slow: on a real Postgres. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { fenced } from "../../testkit/page.ts";
import { mintToken } from "../../testkit/people.ts";
import { applyMigrations, readMigrations } from "../../testkit/pglite.ts";
import { connect, query } from "../../testkit/postgres.ts";
import { answers, waits } from "../../testkit/provider.ts";
import { expectRefusal, readToEnd } from "../../testkit/reader.ts";
import { skip } from "../../testkit/skipped.ts";
import { startEmpty } from "../../testkit/sql.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import type { Worker } from "../../testkit/workers.ts";

const PAGE = Deno.readTextFileSync(new URL("../../docs/hooks.md", import.meta.url));

/** The SQL below a heading of the page. */
const sqlOf = (heading: string) => fenced(PAGE, "sql", `### ${heading}`)[0];

const HOOK = /create (or replace )?function relay\.admission_hook\(/gi;

Deno.test("the hook is made by one migration, which never replaces it, and no other touches it", async () => {
  const migrations = await readMigrations();
  const makers = migrations.filter(({ sql }) => sql.match(HOOK));
  equal(makers.map(({ name }) => name), ["20261126093870_admission_hook.sql"]);
  const ofComments = /^\s*--.*$/gm;
  for (const { name, sql } of migrations) {
    const statements = sql.replace(ofComments, "");
    ok(
      !/or replace function relay\.admission_hook|drop [^;]*admission_hook|alter function relay\.admission_hook/i.test(
        statements,
      ),
      name,
    );
  }
  // One that an operator has made before.
  const database = await startEmpty();
  const at = migrations.indexOf(makers[0]);
  await applyMigrations(database, migrations.slice(0, at));
  await database.exec(`create function relay.admission_hook(event jsonb) returns jsonb
    language sql as $$ select '{"refuse": "Mine"}'::jsonb $$`);
  await applyMigrations(database, migrations.slice(at));
  equal(await database.query("select relay.admission_hook('{}') as answer"), [{ answer: { refuse: "Mine" } }]);
  await database.close();
});

if (Deno.env.has("RELAY_TEST_DATABASE_URL")) register();
else skip("RELAY_TEST_DATABASE_URL is not set: no admission hook that an operator has written");

function register() {
  let stack: Stack;
  let worker: Worker;
  Deno.test.beforeAll(async () => {
    stack = await startStack({ postgres: true });
    worker = await stack.worker();
  });
  Deno.test.afterAll(() => stack?.stop());

  const run = (sql: string) => query(stack.databaseUrl!, sql);
  /** A migration of the operator's. */
  async function install(sql: string) {
    const connection = connect(stack.databaseUrl!);
    await connection.unsafe(sql).simple();
    await connection.end();
  }
  /** A hook with this body. */
  const hook = (body: string) =>
    run(`create or replace function relay.admission_hook(event jsonb) returns jsonb
      language plpgsql as $$ begin ${body} end $$`);
  const author = (script = answers("Once ", "upon a time.")) =>
    newAuthor(stack.targetOf([worker]), stack.provider, script, { system_prompt: "Tell stories." });
  const tokenOf = ({ user }: Author, claims: Record<string, unknown>) => mintToken(stack.jwt_secret, user.id, claims);
  const written = async ({ user }: Author) => [
    (await run(`select 1 from public.messages where user_id = '${user.id}'`)).length,
    (await run(`select 1 from relay.generations where user_id = '${user.id}'`)).length,
  ];
  const hint = ({ headers }: Response) => [headers.get("ratelimit-limit"), headers.get("ratelimit-remaining")];

  Deno.test("plans from app_metadata: each has its limits, also for a token that the worker knows already", async () => {
    await install(sqlOf("Plans"));
    const one = await author(waits);
    const [free, studio, paused] = await Promise.all(
      [{}, { app_metadata: { plan: "studio" } }, { app_metadata: { plan: "paused" } }].map((claims) =>
        tokenOf(one, claims)
      ),
    );
    const first = await one.open({ prompt: "Hi" }, { token: free });
    equal(hint(first.response), ["2", "1"]);
    const second = await one.ask({ prompt: "Hi" }, { token: free });
    match((await expectRefusal(second, 429, "too_many_streams")).message, /the limit is 1 at once$/);
    equal(hint(second), ["2", "1"]);
    const readers = [first];
    for (let count = 0; count < 2; count++) readers.push(await one.open({ prompt: "Hi" }, { token: studio }));
    equal(hint(readers[2].response), ["30", "27"]);
    const refused = await one.ask({ prompt: "Hi" }, { token: paused });
    const words = "Your plan is paused. You can read your stories, and go on when it is renewed";
    equal((await expectRefusal(refused, 403, "not_admitted")).message, words);
    await expectRefusal(await one.ask({ prompt: "Hi", preview: true }, { token: paused }), 403, "not_admitted");
    await one.called(3);
    await Promise.all(one.calls().map((call) => call.finish()));
    for (const reader of readers) equal((await readToEnd(reader)).end, "done");
    match(
      (await expectRefusal(await one.ask({ prompt: "Hi" }, { token: free }), 429, "rate_limited")).message,
      /\b2\b/,
    );
  });

  Deno.test("a quiet hour for minors: at night they are refused, by day the bot hears of them, in their own time", async () => {
    await install(sqlOf("A quiet hour for minors"));
    // Where it is this hour now; the sign of these names is the other way round.
    const zoneAt = (hour: number) => {
      const ahead = hour - new Date().getUTCHours();
      const name = ahead > 12 ? ahead - 24 : ahead < -11 ? ahead + 24 : ahead;
      return `Etc/GMT${name > 0 ? "-" : "+"}${Math.abs(name)}`;
    };
    const reader = async (age: number, hour: number) => {
      const one = await author();
      await run(`insert into public.readers (user_id, born_on, time_zone)
        values ('${one.user.id}', now() - interval '${age} years', '${zoneAt(hour)}')`);
      return one;
    };
    for (const hour of [23, 3]) {
      const child = await reader(9, hour);
      const { message } = await expectRefusal(await child.ask({ prompt: "Hi" }), 403, "not_admitted");
      equal(message, "It is late. The story goes on at seven in the morning");
      equal(await written(child), [0, 0]);
    }
    const day = await reader(9, 12);
    const rule = "Tell stories.\n\nThe reader is a child: no cruelty, no fear that stays.";
    const [system] = (await (await day.ask({ prompt: "Hi", preview: true })).json()).messages;
    equal([system.role, system.characters], ["system", rule.length]);
    await day.generate({ prompt: "Hi" });
    equal((await day.called(1)).body.messages[0], { role: "system", content: rule });
    for (const one of [await reader(19, 23), await author()]) {
      await one.generate({ prompt: "Hi" });
      equal((await one.called(1)).body.messages[0], { role: "system", content: "Tell stories." });
    }
    let refused = false;
    await run(`update public.readers set time_zone = 'Nowhere/Land'`).catch(() => refused = true);
    ok(refused, "A time zone that is none is refused where it is written");
  });

  Deno.test("a block list of words: in a prompt, and in what is answered without one", async () => {
    await install(sqlOf("A block list of words"));
    await run("insert into public.blocked_words values ('dragon'), ('öl')");
    const one = await author();
    for (const prompt of ["A DRAGON came", "dragon", "the dragon's tail", "Nur Öl!"]) {
      const { message } = await expectRefusal(await one.ask({ prompt }), 403, "not_admitted");
      equal(message, "This story has no place for one of these words");
    }
    await expectRefusal(await one.ask({ prompt: "Hi", system: "Be a dragon" }), 403, "not_admitted");
    const messages = [{ role: "user", content: "dragon" }];
    await expectRefusal(await one.ask({ messages }), 403, "not_admitted");
    // A prompt of the greatest length is read to its end, within the worker's limit of a call.
    const longest = (last: string) => `${"word ".repeat(6_400).slice(0, -last.length)}${last}`;
    await expectRefusal(await one.ask({ prompt: longest(" dragon") }), 403, "not_admitted");
    equal(await written(one), [0, 0]);
    const { last } = await one.generate({ prompt: longest(" snapdragon") });
    equal(last.is_complete, true);
    const { conversation_id } = await one.stored(last.stream_id);
    const message = await one.insert("messages", { conversation_id, content: "A dragon came", is_user_author: true });
    await expectRefusal(await one.ask({ answer_to: message }), 403, "not_admitted");
    await one.rest(`messages?id=eq.${message}`, { method: "PATCH", body: { content: "A fox came" } });
    equal((await one.generate({ answer_to: message })).end, "done");
  });

  Deno.test("a hook that fails, answers nonsense or waits for a lock is the relay's failure: nothing is written, and the log says why", async () => {
    const cases: [body: string, cause: RegExp][] = [
      ["raise exception 'no such plan';", /relay\.admission_hook: it failed with P0001: no such plan/],
      [`return '{"max_concurent": 1}';`, /relay\.admission_hook: it answered a wrong "max_concurent"/],
      ["lock table public.rules; return null;", /relay\.admission_hook: it failed with 55P03/],
    ];
    await run("create table public.rules ()");
    await run("grant all on table public.rules to service_role");
    for (const [body, cause] of cases) {
      await hook(body);
      const one = await author();
      let response: Response;
      if (body.startsWith("lock")) {
        const held = run("do $$ begin lock table public.rules; perform pg_sleep(3); end $$");
        await eventually(
          "the lock is held",
          async () =>
            (await run(
              "select 1 from pg_locks where relation = 'public.rules'::regclass and granted and mode = 'AccessExclusiveLock'",
            )).length > 0,
        );
        response = await one.ask({ prompt: "Hi" });
        await held;
      } else response = await one.ask({ prompt: "Hi" });
      const requestId = response.headers.get("x-request-id");
      await expectRefusal(response, 500, "internal");
      equal([await written(one), one.calls().length], [[0, 0], 0]);
      const line = await eventually(
        "the log has it",
        () => worker.lines().find(({ event, request_id }) => event === "request_failed" && request_id === requestId),
      );
      match(String(line.cause), cause);
    }
  });

  Deno.test("a slow hook keeps its own user waiting and nobody else, up to the worker's limit of a call", async () => {
    const slow = await author();
    const other = await author();
    // Longer than DATABASE_TIMEOUT_MS.
    await hook(`if event ->> 'user_id' = '${slow.user.id}' then perform pg_sleep(7); end if; return null;`);
    const waiting = slow.ask({ prompt: "Hi" });
    let isAnswered = false;
    waiting.then(() => isAnswered = true);
    await eventually(
      "the hook is called",
      async () => (await run("select 1 from pg_stat_activity where wait_event = 'PgSleep'")).length > 0,
    );
    for (let count = 0; count < 3; count++) equal((await other.generate({ prompt: "Hi" })).end, "done");
    await expectRefusal(await slow.ask({ prompt: "Again" }), 503, "overloaded");
    equal(isAnswered, false);
    await expectRefusal(await waiting, 503, "unavailable");
    // The database admits it after all, and the worker ends that.
    await eventually("it has ended", async () => {
      const rows = await run(`select status from relay.generations where user_id = '${slow.user.id}'`);
      return rows.length === 1 && rows[0] && (rows[0] as { status: string }).status === "interrupted";
    });
    equal(slow.calls().length, 0);
  });
}
