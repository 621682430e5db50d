/** What the attacks run on: a worker as a container runs it, with little memory, and a Data API of ten connections. */

import { startSupabase } from "../../bench/supabase.ts";
import { eventually } from "../../testkit/eventually.ts";
import { quantile } from "../../testkit/figures.ts";
import { startWorker, THIS_DENO } from "../../testkit/workers.ts";
import type { Attack, User } from "./attack.ts";
import type { Orders, Report, Tally } from "./attacker.ts";
import { hasKey } from "./hostile.ts";
import { boundsOf, createVictims, merge, type Seen } from "./victims.ts";

const HEAP_MB = 256;
/**
 * What a container of half a gigabyte has: the engine may fill its heap before it collects, and outside of it are 60 MB
 * of an idle worker, 2,500 connections of 16 KB, and 128 MB of the budget.
 */
export const MAX_RESIDENT_MB = 512;
const MAX_LOG_LINE = 8_192;
const CONTROL_MS = 3_000;
/** Connections that the victims' own client keeps, one for each request that it has had open at once. */
const VICTIM_CONNECTIONS = 60;
/** How long the attacks may take until all of them have struck. */
const STRIKE_MS = 15_000;

/** What one attack did, and how the victims fared. */
export interface Result extends Seen {
  /** What the users of an idle worker saw at the same time. */
  calm: Seen;
  start: number;
  slowestStart: number;
  residentMb: number;
  /** What each attack has counted. */
  tallies: Record<string, Tally>;
}

/** The lab; it ends with `close`. */
export type Lab = Awaited<ReturnType<typeof openLab>>;

/** Starts everything; measures the victims without an attack first. A start may always take `startMs`. */
export async function openLab(startMs: number, database?: string) {
  const supabase = await startSupabase(database);
  const { SUPABASE_URL, SUPABASE_SECRET_KEY } = supabase.environment;
  const { sql } = supabase;
  const launch = (runtime = THIS_DENO, env = {}) =>
    startWorker(
      { url: SUPABASE_URL, secret_key: SUPABASE_SECRET_KEY, jwt_secret: "" },
      { DENO_V8_FLAGS: `--max-old-space-size=${HEAP_MB}`, ...env },
      { runtime },
    );
  // No attack goes to this one: it shows what a start takes at the same time on an idle worker of the same machine.
  const idleApi = `${await supabase.startApi()}/rest/v1`;
  const [first, other] = await Promise.all([launch(), launch(THIS_DENO, { SUPABASE_REST_URL: idleApi })]);
  let worker = first;
  // Made in one go: nothing that is measured waits for it.
  const spare = new Map<string, Promise<User[]>>();
  async function user(provider: string): Promise<User> {
    for (;;) {
      if (!spare.has(provider)) spare.set(provider, supabase.users(400, provider));
      const found = (await spare.get(provider)!).pop();
      if (found) return found;
      spare.delete(provider);
    }
  }
  const victims = createVictims(() => worker.url, other.url, sql, user);
  const idle = createVictims(() => other.url, first.url, sql, user);
  let over = false;
  const ordinary = [
    ...[false, false, true].map((far) => victims.ordinary(60, () => over, far)),
    idle.ordinary(60, () => over),
  ];
  /** What the victims see while the work lasts, and what those of the idle worker see. */
  async function during(work: () => Promise<unknown>): Promise<[Seen, Seen]> {
    const working = Promise.withResolvers<void>();
    const control = idle.during(() => working.promise);
    const seen = await victims.during(() => work().finally(working.resolve));
    return [seen, await control];
  }
  // The first requests load and compile, and fetch the key set.
  await during(() => sleep(1_000));
  const control = resultOf(await during(() => sleep(CONTROL_MS)), peak());

  /** NaN of a process that has ended: its memory is gone before its end is known. */
  function peak(): number {
    try {
      return worker.peakMemory();
    } catch {
      return NaN;
    }
  }

  /** Connections of clients that the worker has not closed. */
  function clients(): number {
    const port = Number(new URL(worker.url).port).toString(16).toUpperCase().padStart(4, "0");
    const open = new RegExp(`^ *\\d+: [0-9A-F]+:${port} \\S+ 0[18] `);
    return Deno.readTextFileSync("/proc/net/tcp").split("\n").filter((line) => open.test(line)).length;
  }

  /** Lets so many users make each attack, all attacks at the same time. */
  async function attack(attacks: Attack[], users: number, ms: number): Promise<Result> {
    const before = { clients: clients(), log: worker.log().length };
    const wrong: string[] = [];
    let tallies: Record<string, Tally> = {};
    const missing = () => attacks.flatMap((attack) => notStruck(attack, users, tallies[attack.name] ?? {}));
    const ready = Promise.withResolvers<void>();
    const thread = new Worker(new URL("./attacker.ts", import.meta.url), { type: "module" });
    thread.onmessage = ({ data }: MessageEvent<Report>) => {
      if ("ready" in data) ready.resolve();
      else if ("wrong" in data) wrong.push(data.wrong);
      else tallies = data.tallies;
    };
    await ready.promise;
    const attackers: User[] = [];
    worker.forgetPeak();
    const { pid } = worker;
    /** The attack, and what comes after it until the worker is idle again: the victims lose nothing of it. */
    const stretches = [];
    stretches.push(
      await during(async () => {
        for (const { name } of attacks) {
          const group = await Promise.all(Array.from({ length: users }, () => user(victims.baseUrl)));
          attackers.push(...group);
          const orders = { worker: worker.url, database: supabase.url, attack: name, users: group };
          thread.postMessage({ ...orders, part: 1 / attacks.length } satisfies Orders);
        }
        await sleep(ms);
        await eventually("all have struck", () => missing().length === 0, STRIKE_MS).catch(() =>
          wrong.push(...missing())
        );
      }),
    );
    thread.terminate();
    const resident = peak();
    await settle(attackers, before.clients, stretches).catch((error) => wrong.push(error.message));
    const [seen, calm] = stretches.reduce(([seen, calm], [more, calmer]) => [merge(seen, more), merge(calm, calmer)]);
    wrong.push(...seen.wrong);
    const result = resultOf([seen, calm], resident, tallies);
    if (!worker.alive) {
      wrong.push(`the worker ended:\n${worker.log().slice(-1_500)}`);
      worker = await launch();
      return { ...result, wrong };
    }
    if (worker.pid !== pid) wrong.push("the worker is another process");
    for (const line of worker.log().slice(before.log).split("\n")) {
      if (hasKey(line)) wrong.push(`the key is in the log: ${line.slice(0, 300)}`);
      if (line.length > MAX_LOG_LINE) wrong.push(`a line of the log has ${line.length} characters`);
      if (line !== "" && !/^(\{.*\}|The relay listens.*)$/.test(line)) {
        wrong.push(`a line of the log is no JSON: ${line}`);
      }
      if (/"event":"uncaught_error"|"level":"error"/.test(line)) {
        wrong.push(`an error was logged: ${line.slice(0, 400)}`);
      }
    }
    return { ...result, wrong };
  }

  /** Waits until all is as before: connections, generations, seats, and room for a start. */
  async function settle(attackers: User[], before: number, stretches: [Seen, Seen][]): Promise<unknown> {
    if (Number.isNaN(peak())) return await eventually("the worker's end is known", () => !worker.alive);
    const ids = attackers.map(({ id }) => id);
    await eventually("the attackers' generations are over", async () => {
      // An attacker's last statement may come after the end of its thread.
      await sql`delete from relay.generations where worker_id = 'another'`;
      const [{ running }] = await sql`
        select count(*)::int as running from relay.generations where status = 'running' and user_id = any(${ids})`;
      return running === 0;
    });
    await eventually("the connections are closed", () => clients() <= before + VICTIM_CONNECTIONS || !worker.alive)
      .catch((error) => {
        throw new Error(`${error.message}: ${clients()} are open, ${before} were`);
      });
    await eventually("the readers' seats are free", async () => {
      const answers = await Promise.all(
        attackers.map(({ token }) =>
          fetch(`${worker.url}/stream/none`, { headers: { authorization: `Bearer ${token}` } })
        ),
      );
      await Promise.all(answers.map(({ body }) => body?.cancel()));
      return answers.every(({ status }) => status === 404);
    });
    return await eventually("the worker is idle again", async () => {
      const stretch = await during(() => sleep(300));
      stretches.push(stretch);
      const result = resultOf(stretch, 0);
      return result.starts.length > 0 && judge(result).length === 0;
    });
  }

  /** One sentence for each thing that is not as it must be. */
  function judge(result: Result): string[] {
    const bounds = boundsOf(result.calm, startMs);
    return [
      ...counted(result.wrong),
      ...above(result.start, bounds.start, "nine of ten starts took up to"),
      ...above(result.slowestStart, bounds.slowestStart, "a start took"),
      ...above(result.late, bounds.late, "a token was late by"),
      ...above(result.behind, bounds.behind, "stored text was behind by"),
      ...above(result.far, bounds.far, "a token of another worker was late by"),
      ...(result.residentMb > MAX_RESIDENT_MB ? [`the worker grew to ${result.residentMb | 0} MB`] : []),
    ];
  }

  return {
    ...{ control, attack, judge, victims },
    async close() {
      over = true;
      const closed = Promise.all([victims.close(), idle.close()]);
      await Promise.all([worker, other].map((worker) => worker.alive && worker.kill()));
      await closed;
      await Promise.all(ordinary);
      await supabase.close();
    },
  };
}

function resultOf([seen, calm]: [Seen, Seen], peak: number, tallies: Record<string, Tally> = {}): Result {
  const start = quantile(seen.starts, 0.9);
  return { ...seen, calm, start, slowestStart: quantile(seen.starts, 1), residentMb: peak / 2 ** 20, tallies };
}

/** One sentence for each thing that an attack should have counted and has not. */
function notStruck({ name, struck }: Attack, users: number, tally: Tally): string[] {
  return struck.flatMap(([what, least]) => {
    const found = Object.entries(tally).reduce((sum, [key, count]) => what.test(key) ? sum + count : sum, 0);
    const wanted = least * users;
    return found >= wanted
      ? []
      : [`${name} has not struck: ${what} ${found}, not ${wanted}, of ${JSON.stringify(tally)}`];
  });
}

function above(ms: number, bound: number, what: string): string[] {
  return ms > bound ? [`${what} ${ms | 0} ms, at most ${bound | 0} ms are allowed`] : [];
}

/** Each sentence once, whatever its numbers, and how often. */
function counted(sentences: string[]): string[] {
  const groups = Map.groupBy(sentences, (sentence) => sentence.replace(/\d+/g, "0"));
  return [...groups.values()].map(([first, ...more]) =>
    more.length === 0 ? first : `${first} (${more.length + 1} times)`
  );
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
