/** What a generation costs the database: calls, transactions and bytes of the write-ahead log. */

import { ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { time } from "../../testkit/figures.ts";
import { type Figure, inParallel, type Lab } from "./lab.ts";
import { numbered } from "./numbered.ts";
import { checkStored } from "./stored.ts";

/** Characters of a token: those of a model have four to five. */
const PLAN = { tokens: 2_000, size: 5 };
const BEAT_MS = 1_000;
const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;

export async function costs(lab: Lab): Promise<Figure[]> {
  const ms = lab.quick ? 10_000 : 60_000;
  await onlyRecords(lab, true);
  try {
    return [...await measure(lab, 1, ms), ...await measure(lab, lab.quick ? 30 : 100, ms)];
  } finally {
    await onlyRecords(lab, false);
  }
}

/**
 * Whole pages, which are logged once after each checkpoint, and vacuum's own work are more than all records of one
 * generation, and depend on all else that a database does: on a server of our own they stay out of the figure.
 */
async function onlyRecords({ cluster, sql }: Lab, only: boolean) {
  if (cluster === null) return;
  for (const setting of ["full_page_writes", "autovacuum"]) {
    await sql.unsafe(only ? `alter system set ${setting} = off` : `alter system reset ${setting}`);
  }
  await sql`select pg_reload_conf()`;
  await sql`checkpoint`;
}

async function measure(lab: Lab, count: number, ms: number): Promise<Figure[]> {
  const [worker] = await lab.workers(1);
  const warm = await lab.begin({ ...PLAN, tokens: 100, intervalMs: 1 }, worker);
  await warm.follow();
  const generations = await inParallel(count, count, () => lab.generation({ ...PLAN, intervalMs: ms / PLAN.tokens }));
  const before = await readCounts(lab);
  const cpuBefore = worker.cpu();
  const startedAt = performance.now();
  await Promise.all(generations.map((generation) => generation.start(worker).then(generation.follow)));
  const tookMs = performance.now() - startedAt;
  const cpu = worker.cpu() - cpuBefore;
  const { calls, written } = await readCounts(lab);
  for (const generation of generations) await checkStored(lab, generation, "completed");
  const sum = calls.reduce((all, { total }) => all + total, 0);
  const beats = calls.find(({ name }) => name === "relay_beat")?.total ?? 0;
  // One beat for all of them, and no more of them than there are seconds.
  ok(beats <= tookMs / BEAT_MS + 1, `${count} generations cost ${beats} beats in ${time(tookMs)}`);
  // One finish meets a beat under way, now and then, and has to be sent again.
  ok(sum - beats <= 3 * count, `${count} generations cost ${sum - beats} calls other than beats`);
  const list = calls.map(({ name, total }) => `${name.replace("relay_", "")} ${total}`).join(", ");
  const text = kilobytes(new TextEncoder().encode(numbered(generations[0].streamId, generations[0].plan)).length);
  const name = count === 1 ? `alone, over ${time(ms)}` : `one of ${count} on a worker`;
  const bound = "begin, finish, a beat a second a worker";
  return [
    [`${name}: database calls`, `${(sum / count).toFixed(1)} (${count > 1 ? "in all " : ""}${list})`, bound],
    [`${name}: bytes of log records, for ${text} of text`, kilobytes((written - before.written) / count)],
    [`${name}: CPU of the worker`, `${Math.round(cpu / count * 1000)} ms`],
  ];
}

/** Of the time since it was read: the functions count themselves, see `track_functions`. The log is the whole server's. */
async function readCounts({ sql }: Lab) {
  // An idle backend keeps its counts for up to ten seconds, and hands them on when it ends. Nothing runs just now.
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'idle'`;
  await sleep(500);
  const calls = await sql<{ name: string; total: number }[]>`
    select funcname as name, calls::int as total from pg_stat_user_functions
    where schemaname = 'public' and funcname like 'relay\\_%'`;
  const [{ written }] = await sql`
    select pg_stat_reset(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as written`;
  return { calls, written };
}
