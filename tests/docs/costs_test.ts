/** Runs all SQL of docs/costs.md, on a database in which two users have used something, and holds it to what comes out. */
import assert from "node:assert/strict";
import { startMigratedDatabase } from "../../testkit/migrated.ts";

const page = await Deno.readTextFile(new URL("../../docs/costs.md", import.meta.url));
const blocks = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, sql]) => sql);

const database = await startMigratedDatabase();

/** Generations of two users on three days, without prices yet; the app's payments. */
const GIVEN = `
  insert into auth.users (id, email) values (md5('ada')::uuid, 'ada@example.com'), (md5('bob')::uuid, 'bob@example.com');
  insert into public.bots (id, user_id, name, access_path, model, memory) values
    (md5('fox')::uuid, md5('ada')::uuid, 'Fox', 'https://api.openai.com/v1', 'gpt-5-mini', true),
    (md5('crow')::uuid, md5('bob')::uuid, 'Crow', 'https://api.deepseek.com', 'deepseek-chat', false),
    (md5('owl')::uuid, md5('bob')::uuid, 'Owl', 'http://localhost:11434/v1', 'llama', false);
  create function pg_temp.ended(
    who text, bot text, days_ago integer, prompt integer, completion integer, cached integer, kind text default 'answer'
  ) returns void language plpgsql as $$
  declare
    v_id text := gen_random_uuid();
    v_begun jsonb;
  begin
    v_begun := public.relay_begin(md5(who)::uuid, v_id, 'worker', 'x', null, null, md5(bot), null, false, 99, 99, 9999, 999);
    update relay.generations g set started_at = g.started_at - make_interval(days => days_ago) where g.stream_id = v_id;
    if kind = 'memory' then
      update relay.generations g set kind = 'memory', leaf_id = null, user_message_id = null where g.stream_id = v_id;
    end if;
    perform public.relay_finish(v_id, (v_begun ->> 'fence')::uuid, 'completed', 'stop', null, 'The end.', prompt, completion,
      prompt + completion, 5, overhead_ms => 1, cached_tokens => cached);
  end
  $$;
  select pg_temp.ended('ada', 'fox', 0, 1000000, 100000, 800000), pg_temp.ended('ada', 'fox', 1, 1000000, 0, null),
    pg_temp.ended('ada', 'fox', 0, 400000, 0, null, 'memory'), pg_temp.ended('bob', 'crow', 0, 500000, 0, null),
    pg_temp.ended('bob', 'owl', 0, 7, 3, null);
  create table public.payments (paid_at timestamptz, amount numeric);
  insert into public.payments values (now(), 1), (now() - interval '1 day', 2), (now() - interval '2 days', 0.5)`;

/** Day of so many days before today, as a key. */
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

Deno.test("each query of docs/costs.md answers what it says", async () => {
  await database.exec(GIVEN);
  const ask = async (sql: string | undefined) => {
    assert.ok(sql !== undefined);
    const rows = await database.query<Record<string, unknown>>(sql);
    return rows.map((row) =>
      Object.values(row).map((value) =>
        value instanceof Date ? value.toISOString().slice(0, 10) : value === null ? null : trimmed(String(value))
      )
    );
  };
  const next = () => ask(blocks.shift());

  const [prices, unpriced, reprice, ...others] = blocks.splice(0);
  // Without prices all are without a cost.
  assert.deepEqual(await ask(unpriced), [
    ["api.openai.com", "gpt-5-mini", "3", "2500000"],
    ["api.deepseek.com", "deepseek-chat", "1", "500000"],
    ["localhost:11434", "llama", "1", "10"],
  ]);
  await ask(prices);
  assert.deepEqual(await ask(reprice), [["4"]]);
  assert.deepEqual(await ask(unpriced), [["localhost:11434", "llama", "1", "10"]]);

  blocks.push(...others);
  assert.deepEqual(await next(), [], "nothing is that old");
  assert.deepEqual(await next(), [
    ["ada@example.com", "0.62", "2500000", "3"],
    ["bob@example.com", "0.14", "500010", "2"],
  ]);
  const byBot = await next();
  const ofFox = day(1).slice(0, 7) === day(0).slice(0, 7) ? ["0.62", "3", "0.206667"] : ["0.37", "2", "0.185"];
  assert.deepEqual(byBot, [
    ["Fox", "gpt-5-mini", ...ofFox],
    ["Crow", "deepseek-chat", "0.14", "1", "0.14"],
    ["Owl", "llama", null, "1", null],
  ]);
  assert.deepEqual(await next(), [
    [day(0), "1", "0.51", "0.49"],
    [day(1), "2", "0.25", "1.75"],
    [day(2), "0.5", "0", "0.5"],
  ]);
  assert.deepEqual(await next(), [
    ["deepseek-chat", "0", "0"],
    ["gpt-5-mini", "0", "33.3"],
    ["llama", "0", "0"],
  ]);
  assert.deepEqual(await next(), [["answer", "4", "0.66"], ["memory", "1", "0.1"]]);
  const balance = blocks.shift();
  assert.deepEqual(await ask(balance), []);
  await database.exec(`
    update public.usage_days set cost = cost + 1
    where id = (select max(id) from public.usage_days where day = (now() at time zone 'UTC')::date)`);
  assert.deepEqual(await ask(balance), [[day(0), "-1"]]);

  // Budgets
  await database.exec("update auth.users set email = 'writer@example.com' where email = 'ada@example.com'");
  await database.exec("update public.bots set name = 'A trial' where name = 'Owl'");
  await database.exec(blocks.shift()!);
  const budgets = await ask(`
    select period, tokens, cost, user_id is null as for_all, bot_id is null as of_all, is_shared
    from relay.budgets order by period, cost`);
  assert.deepEqual(budgets, [
    ["day", "200000", null, "true", "true", "false"],
    ["ever", "50000", null, "true", "false", "false"],
    ["month", null, "2", "true", "true", "false"],
    ["month", null, "20", "false", "true", "false"],
    ["month", null, "500", "true", "true", "true"],
  ]);
  assert.deepEqual(blocks, [], "each block of the page is asked");
});

/** Without zeros at the end of a fraction. */
function trimmed(value: string): string {
  return /^-?\d+\.\d+$/.test(value) ? value.replace(/\.?0+$/, "") : value;
}
