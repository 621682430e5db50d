/**
 * Provokes each alert with real parts: an ordinary minute, a minute of the fault, and one after the remedy. What /metrics
 * showed in each is repeated to Prometheus' rules on a simulated clock. The looks of the alert's section in
 * docs/runbook.md run during the fault, and must show the cause.
 */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { TITLE_TASK } from "../../supabase/functions/_relay/generation/memory.ts";
import { FAMILIES } from "../../supabase/functions/metrics/families.ts";
import { eventually } from "../../testkit/eventually.ts";
import { changes, scrapeText } from "../../testkit/metrics.ts";
import { answers, event, type ProviderCall, refuses, stalls, tokenEvent } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import type { Worker } from "../../testkit/workers.ts";
import { firing, type Minute, promtool, type Timeline } from "./alert_rules.ts";
import { openWorld, type World } from "./alert_world.ts";

const RULES = Deno.readTextFileSync(new URL("../../server/alerts.yml", import.meta.url));

interface Provocation {
  alert: string;
  labels?: string;
  timeline?: Partial<Timeline>;
  well?(world: World): Promise<unknown>;
  /** Causes the fault and leaves it; gives the worker whose log is looked at, if it is not the first one. */
  fault(world: World): Promise<Worker | void>;
  /** What the section's looks show, in order. */
  shows: RegExp[];
  remedy(world: World): Promise<unknown>;
}

const tell = async (world: World, worker = world.main) =>
  equal((await (await world.author(worker)).generate({ prompt: "Begin" })).end, "done");

const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work));

/** Starts generations on a worker, with text that the database has. */
async function startMany(world: World, worker: Worker, count: number) {
  const author = await world.author(worker, stalls("Once "));
  const readers = await times(count, () => author.open({ prompt: "Begin" }));
  for (const reader of readers) await reader.untilText("Once ");
  await eventually("the text is stored", async () => {
    const { rows } = await world.sql(`select count(*)::int as count from relay.chunks c
      join relay.generations g using (stream_id) where g.user_id = '${author.user.id}'`);
    return rows[0].count === count;
  });
  return { author, end: () => Promise.all(readers.map((reader) => reader.rest().catch(() => {}))) };
}

/** The leases of killed workers run out. */
const expire = (world: World) =>
  world.sql("update relay.generations set lease_expires_at = now() - interval '1 second' where status = 'running'");
const sweep = (world: World) => world.sql("select public.relay_sweep()");

let hook = "";
async function replaceHook(world: World, body: string) {
  const { rows } = await world.sql("select pg_get_functiondef('relay.admission_hook(jsonb)'::regprocedure) as text");
  hook = String(rows[0].text);
  await world.sql(`create or replace function relay.admission_hook(event jsonb) returns jsonb language plpgsql
    set search_path = '' as $$ begin ${body} return null; end $$`);
}

/** A stand-in for pg_cron, whose one job the ordinary minute plays. */
const CRON = `
  create schema cron;
  create table cron.job (jobid bigint primary key, jobname text unique, schedule text, command text, active boolean);
  create table cron.job_run_details (jobid bigint, status text, return_message text, start_time timestamptz);
  create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $$
    insert into cron.job values (1, $1, $2, $3, true)
    on conflict (jobname) do update set active = true returning jobid
  $$;
  set allow_system_table_mods = on;
  insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  values (999999, 'pg_cron', 10, 'cron'::regnamespace, false, '1.6')`;

async function playCron(world: World) {
  const { rows } = await world.sql("select from cron.job where active");
  if (rows.length === 0) return;
  await sweep(world);
  await world.sql("insert into cron.job_run_details values (1, 'succeeded', '1 row', now())");
}

const keys = await generateKeyPair("ES256");
let keyServer: Deno.HttpServer | undefined;
const keyPort = (() => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
})();
const KEY_ENV = { RELAY_JWKS_URL: `http://127.0.0.1:${keyPort}/jwks.json` };
const signed = (world: World, sub: string) =>
  new SignJWT({ sub, aud: "authenticated", role: "authenticated", iss: `${world.stack.url}/auth/v1` })
    .setProtectedHeader({ alg: "ES256", kid: "new", typ: "JWT" }).setIssuedAt().setExpirationTime("1h")
    .sign(keys.privateKey);

/** What one alert's fault leaves for its remedy. */
let undo: () => Promise<unknown>;

const PROVOCATIONS: Provocation[] = [{
  alert: "MetricsAreAway",
  async fault(world) {
    world.proxy.away();
    await eventually("the page is away", async () => await world.metrics() === null);
  },
  shows: [/503,"unavailable","relay_metrics was answered with status 0/, /"count":/],
  async remedy(world) {
    world.proxy.back();
    await eventually("the page is back", async () => await world.metrics() !== null);
  },
}, {
  alert: "StartsAreRefused",
  well: tell,
  async fault(world) {
    const worker = await world.worker(KEY_ENV);
    const author = await world.author(worker);
    const token = await signed(world, author.user.id);
    await times(4, async () => expectRefusal(await author.ask({ prompt: "Begin" }, { token }), 503, "unavailable"));
    await worker.stop();
    return worker;
  },
  shows: [/4 unavailable stream: .*jwks\.json/, /^/],
  async remedy(world) {
    const jwk = { ...await exportJWK(keys.publicKey), kid: "new", alg: "ES256" };
    keyServer = Deno.serve(
      { hostname: "127.0.0.1", port: keyPort, onListen() {} },
      () => Response.json({ keys: [jwk] }),
    );
    const author = await world.author(await world.worker(KEY_ENV));
    const token = await signed(world, author.user.id);
    equal((await author.generate({ prompt: "Begin" }, { token })).end, "done");
    await keyServer.shutdown();
  },
}, {
  alert: "GenerationsFail",
  labels: 'code="provider_error",severity="page"',
  well: tell,
  async fault(world) {
    const author = await world.author(world.main, refuses(500, { error: { message: "Down for repairs" } }));
    await times(6, () => author.generate({ prompt: "Begin" }));
    undo = async () => {
      const access_path = world.stack.provider.script(answers("Well again."));
      await author.rest(`bots?id=eq.${author.botId}`, {
        method: "PATCH",
        body: { access_path, access_key: "sk-other" },
      });
      equal((await author.generate({ prompt: "Begin" })).text, "Well again.");
    };
  },
  shows: [/"provider_error","host":"127.0.0.1.*"failed":"6","users":"1"/, /6 provider_error test-model: .*500/],
  remedy: () => undo(),
}, {
  alert: "WorkersDie",
  well: tell,
  async fault(world) {
    const worker = await world.worker();
    const { end } = await startMany(world, worker, 6);
    await worker.kill();
    await end();
    await expire(world);
    await sweep(world);
    return worker;
  },
  shows: [/^$/, /"cut_off":"6"/],
  remedy: async (world) => tell(world, await world.worker()),
}, {
  alert: "ErrorsAreLogged",
  labels: 'event="request_failed",severity="ticket"',
  well: tell,
  async fault(world) {
    await replaceHook(world, "perform 1 from public.plans;");
    const worker = await world.worker();
    await expectRefusal(await (await world.author(worker)).ask({ prompt: "Begin" }), 500, "internal");
    await worker.stop();
    return worker;
  },
  shows: [/"request_failed",null,".*public.plans/],
  remedy: (world) => world.sql(hook),
}, {
  alert: "FirstTokenIsSlow",
  well: tell,
  async fault(world) {
    const slow = async (call: ProviderCall) => {
      await new Promise((resolve) => setTimeout(resolve, 10_200));
      await answers("At last.")(call);
    };
    const author = await world.author(world.main, slow);
    await author.generate({ prompt: "Begin" });
  },
  shows: [/"model":"test-model".*"first_token_ms":\d{4,}/],
  remedy: tell,
}, {
  alert: "RelayIsSlow",
  well: tell,
  async fault(world) {
    await replaceHook(world, "perform pg_catalog.pg_sleep(0.7);");
    await tell(world);
  },
  shows: [/"slowest": *([789]\d\d|\d{4})/, /^/, /"hook":"your own".*pg_sleep/],
  remedy: (world) => world.sql(hook),
}, {
  alert: "ProviderRests",
  async fault(world) {
    let isWell = false;
    const author = await world.author(
      world.main,
      (call) => isWell ? answers("Well again.")(call) : Response.json({ error: { message: "Down" } }, { status: 500 }),
    );
    const other = world.stack.provider.script(answers("By another."));
    const fallback_bot_id = await author.insert("bots", { name: "F", access_path: other, access_key: "k", model: "f" });
    await author.rest("bot_fallbacks", {
      method: "POST",
      body: { bot_id: author.botId, position: 1, fallback_bot_id },
    });
    const tellIt = async () => (await author.generate({ prompt: "Begin", bot_id: author.botId })).text;
    await eventually("it rests", async () => {
      equal(await tellIt(), "By another.");
      return (await world.metrics())!.get("resting_providers") === 1;
    });
    undo = async () => {
      isWell = true;
      // Half a minute later.
      await world.sql("update relay.provider_health set rests_until = now()");
      equal(await tellIt(), "Well again.");
      await tellIt();
      equal((await world.metrics())!.get("resting_providers"), 0);
    };
  },
  shows: [/"model":"test-model"/, /5 provider_error test-model/],
  remedy: () => undo(),
}, {
  alert: "NobodySweeps",
  async well(world) {
    if ((await world.sql("select from pg_extension where extname = 'pg_cron'")).rows.length === 0) {
      await world.sql(CRON);
      await world.sql("select relay.schedule_sweep()");
    }
    await playCron(world);
  },
  async fault(world) {
    await world.sql("update cron.job set active = false");
    await playCron(world);
  },
  shows: [/"active":false,"status":"succeeded"/],
  async remedy(world) {
    equal((await world.sql(world.remedyOf("NobodySweeps"))).rows, [{ schedule_sweep: true }]);
  },
}, {
  alert: "GenerationsAreStuck",
  async fault(world) {
    await world.sql(`create function public.audit() returns trigger language plpgsql as $$ begin
      raise exception 'The audit log is full'; end $$`);
    const worker = await world.worker();
    const { author, end } = await startMany(world, worker, 1);
    await world.sql(
      "create trigger audit before insert on public.messages for each row execute function public.audit()",
    );
    await worker.kill();
    await end();
    await expire(world);
    await sweep(world);
    undo = async () => {
      await world.sql("alter table public.messages disable trigger audit");
      await sweep(world);
      const { rows } = await world.sql(`select content, finish_reason from public.messages
        where user_id = '${author.user.id}' and not is_user_author`);
      equal(rows.map((row) => ({ ...row })), [{ content: "Once ", finish_reason: "interrupted" }]);
    };
  },
  shows: [
    /"text_units":5/,
    /"is_closed":false[^]*Cannot close the generation ".*": SQLSTATE P0001/,
    /"tgname":"audit"/,
  ],
  remedy: () => undo(),
}, {
  alert: "MemoriesFail",
  timeline: { over: 70 },
  async fault(world) {
    const author = await world.author(
      world.main,
      (call) =>
        call.body.messages.at(-1).content.endsWith(TITLE_TASK)
          ? Response.json({ error: { message: "No titles today" } }, { status: 400 })
          : answers("Once.")(call),
    );
    await author.rest(`bots?id=eq.${author.botId}`, { method: "PATCH", body: { titles: true } });
    await author.generate({ prompt: "Begin" });
    await eventually("its title has failed", async () => {
      const { rows } = await world.sql(`select from relay.generations
        where kind = 'title' and status = 'failed' and user_id = '${author.user.id}'`);
      return rows.length === 1;
    });
    undo = () => author.rest(`bots?id=eq.${author.botId}`, { method: "PATCH", body: { titles: false } });
  },
  shows: [
    /"kind":"title","error_code":"provider_refused".*"failed":"1","users":"1"/,
    /1 title provider_refused test-model: .*No titles today/,
  ],
  remedy: () => undo(),
}, {
  alert: "BudgetIsUsedUp",
  well: tell,
  async fault(world) {
    await world.sql("insert into relay.budgets (period, tokens, is_shared) values ('day', 1, true)");
    const worker = await world.worker();
    const author = await world.author(worker);
    await times(5, async () => expectRefusal(await author.ask({ prompt: "Begin" }), 402, "budget_exceeded"));
    await worker.stop();
  },
  shows: [/"period":"day".*"most_tokens":"1"/, /"tokens":"\d+"/],
  async remedy(world) {
    await world.sql("update relay.budgets set tokens = 100000000, shared_at = null");
    await tell(world);
    await world.sql("delete from relay.budgets");
  },
}, {
  alert: "SpendingJumps",
  timeline: { well: 1_600, fault: 70, over: 130 },
  well: tell,
  async fault(world) {
    const usage = { prompt_tokens: 200_000, completion_tokens: 11, total_tokens: 200_011 };
    const author = await world.author(world.main, async (call) => {
      await call.send(tokenEvent("Once") + event({ choices: [], usage }) + event("[DONE]"));
      call.end();
    });
    await author.generate({ prompt: "Begin" });
    undo = async () => {
      await world.sql(`insert into relay.budgets (user_id, period, tokens) values ('${author.user.id}', 'day', 1000)`);
      await expectRefusal(await author.ask({ prompt: "Begin" }), 402, "budget_exceeded");
    };
  },
  shows: [/^\{"email":"user-.*"prompt_tokens":"200000"/],
  remedy: () => undo(),
}, {
  alert: "DatabaseGrows",
  timeline: { well: 400, fault: 200, over: 700 },
  well: tell,
  async fault(world) {
    const author = await world.author();
    const { start } = await author.generate({ prompt: "Begin" });
    await world.sql(`insert into public.messages (user_id, conversation_id, content, is_user_author)
      select '${author.user.id}', '${start.conversation_id}',
        (select string_agg(md5(n::text || i::text), '') from generate_series(1, 300) i), true
      from generate_series(1, 2000) n`);
  },
  shows: [/^\{"relation":"(pg_toast\.\w+|(public\.)?messages)","size":"\d+ MB"/],
  remedy: (world) => world.sql("delete from public.messages where length(content) > 9000"),
}];

if (!Deno.env.has("RELAY_TEST_DATABASE_URL")) skip("RELAY_TEST_DATABASE_URL is not set: no provoked alerts");
else if (!await hasProgram("promtool") || !await hasProgram("jq")) {
  skip("promtool or jq was not found: no provoked alerts");
} else register();

function register() {
  let world: World;
  let first: string;
  Deno.test.beforeAll(async () => {
    world = await openWorld();
    first = await scrapeText(world.main.url);
  });
  Deno.test.afterAll(async () => await world?.[Symbol.asyncDispose]());

  for (const { alert, labels, timeline, well, fault, shows, remedy } of PROVOCATIONS) {
    Deno.test(`${alert}: provoked, its section followed, and gone`, async () => {
      const minute = async (work?: (world: World) => Promise<unknown>): Promise<Minute> => {
        const before = (await world.metrics())!;
        await work?.(world);
        return { before, after: await world.metrics() };
      };
      // On a slow machine a worker refuses a start, which is then sent again: in that minute the alert is right.
      const ordinaryMinute = async (): Promise<Minute> => {
        for (let left = 5;; left--) {
          const found = await minute(well);
          const refused = found.after && changes(found.before, found.after, /^refusals_total/);
          if (left === 0 || Object.keys(refused ?? {}).length === 0) return found;
        }
      };
      const ordinary = await ordinaryMinute();
      let worker: Worker | void;
      const failing = await minute(async (world) => worker = await fault(world));
      const shown = await world.look(alert, worker! ?? undefined);
      equal(shown.length, shows.length, alert);
      for (const [index, expected] of shows.entries()) match(shown[index], expected);
      await remedy(world);
      const over = await ordinaryMinute();
      ok(over.after, "the page is there again");
      const at = { well: 60, fault: 45, over: 60, ...timeline };
      const severity = /severity: (\w+)/.exec(RULES.split(`alert: ${alert}\n`)[1])![1];
      equal(await firing(alert, [ordinary, failing, over], at), {
        well: [],
        fault: [labels ?? (alert === "MetricsAreAway" ? 'job="storytellr",' : "") + `severity="${severity}"`],
        over: [],
      });
    });
  }

  Deno.test("promtool accepts the whole page of /metrics, before and after all of this, and complains about a wrong one", async () => {
    for (const page of [first, await scrapeText(world.main.url)]) {
      equal(await promtool(["check", "metrics"], page), { code: 0, said: "" });
      // More than its head: the database and the page call it the same.
      for (const { name } of FAMILIES) ok(page.includes(`\nstorytellr_${name}`), name);
    }
    const { code, said } = await promtool(["check", "metrics"], "# TYPE storytellr_x counter\nstorytellr_x 1\n");
    ok(code !== 0 && said.includes("_total"), said);
  });

  Deno.test("each alert of server/alerts.yml is provoked", () => {
    equal(PROVOCATIONS.map(({ alert }) => alert), [...RULES.matchAll(/alert: (\w+)/g)].map(([, name]) => name));
  });
}
