/** What a generation costs the database: calls, transactions and bytes of the write-ahead log. */

import { type Experiment, type Figure, must, sleep } from "./experiment.ts";
import type { Lab } from "./lab.ts";
import { story } from "./numbered.ts";
import { places } from "./reading.ts";
import { time } from "./statistics.ts";
import { readStored } from "./stored.ts";

const TOKENS = 2_000;
/** Characters of a token: those of a model have four to five. */
const SIZE = 5;
const BEAT_MS = 1_000;

interface Counts {
  calls: Record<string, number>;
  written: number;
}

export const costs: Experiment = {
  name: "cost",
  title: "Cost of 2,000 tokens",
  async run(lab) {
    const ms = lab.quick ? 10_000 : 60_000;
    const crowd = lab.quick ? 30 : 100;
    await onlyRecords(lab, true);
    try {
      return [...await measure(lab, 1, ms), ...await measure(lab, crowd, ms)];
    } finally {
      await onlyRecords(lab, false);
    }
  },
};

/**
 * Whole pages, which are logged once behind each checkpoint, and vacuum's own work are more than all records of one
 * generation, and depend on all else that a database does: on a server of our own they stay out of the figure.
 */
async function onlyRecords({ server, sql }: Lab, only: boolean) {
  if (server.own === null) return;
  for (const setting of ["full_page_writes", "autovacuum"]) {
    await sql.unsafe(only ? `alter system set ${setting} = off` : `alter system reset ${setting}`);
  }
  await sql`select pg_reload_conf()`;
  await sql`checkpoint`;
}

async function measure(lab: Lab, count: number, ms: number): Promise<Figure[]> {
  const plan = { tokens: TOKENS, intervalMs: ms / TOKENS, size: SIZE };
  const worker = await lab.worker();
  const warm = await lab.teller({ ...plan, tokens: 100, intervalMs: 1 });
  await warm.tell(worker);
  await warm.follow();
  const tellers = await Promise.all(places(count).map(() => lab.teller(plan)));
  const before = await countsOf(lab);
  const cpuBefore = worker.cpu();
  const startedAt = performance.now();
  await Promise.all(tellers.map(async (teller) => {
    await teller.tell(worker);
    must(await teller.follow() === "ended", `stream ${teller.streamId} broke`);
  }));
  const tookMs = performance.now() - startedAt;
  const cpu = worker.cpu() - cpuBefore;
  const after = await countsOf(lab);
  for (const { streamId } of tellers) {
    const stored = await readStored(lab.sql, streamId);
    must(stored.content === story(streamId, TOKENS, SIZE), `stream ${streamId} is not whole`);
  }
  await lab.dismiss([worker]);
  lab.note(`cost: ${count} at once, ${time(tookMs)}`);

  const calls = Object.entries(after.calls).map(([name, total]) => [name, total - (before.calls[name] ?? 0)] as const)
    .filter(([, total]) => total > 0);
  const sum = calls.reduce((all, [, total]) => all + total, 0);
  const beats = calls.find(([name]) => name === "relay_beat")?.[1] ?? 0;
  // One beat for all of them, and no more of them than there are seconds.
  must(beats <= tookMs / BEAT_MS + 1, `${count} generations cost ${beats} beats in ${time(tookMs)}`);
  // One finish meets a beat under way, now and then, and has to be sent again.
  must(sum - beats <= 3 * count, `${count} generations cost ${sum - beats} calls beside the beats`);
  const text = new TextEncoder().encode(story(tellers[0].streamId, TOKENS, SIZE));
  const written = (after.written - before.written) / count;
  const name = count === 1 ? `alone, over ${time(ms)}` : `one of ${count} on a worker`;
  return [
    {
      measure: `${name}: database calls`,
      value: `${(sum / count).toFixed(1)} (${calls.map(([call, total]) => `${call} ${total}`).join(", ")}${
        count === 1 ? "" : " in all"
      })`,
      bound: "begin, finish, and one beat a second for the whole worker",
    },
    { measure: `${name}: bytes of log records, for ${kilobytes(text.length)} of text`, value: kilobytes(written) },
    { measure: `${name}: CPU of the worker`, value: `${Math.round(cpu / count * 1000)} ms` },
  ];
}

/** The functions count themselves, see `track_functions`; the log's position is that of the whole server. */
async function countsOf({ sql }: Lab): Promise<Counts> {
  // An idle backend keeps its counts for up to ten seconds, and hands them on when it ends. Nothing runs just now.
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'idle'`;
  await sleep(500);
  const calls = await sql`
    select funcname as name, calls::int from pg_stat_user_functions
    where schemaname = 'public' and funcname like 'relay\\_%'`;
  const [{ written }] = await sql`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as written`;
  return { calls: Object.fromEntries(calls.map(({ name, calls }) => [name, calls])), written };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}
