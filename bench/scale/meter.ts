/** Reads all counters of a relay and its database at once, and says what was used between two readings. */

import type { Crowd } from "../driver/crowd.ts";
import { cpuOf, parseStat } from "../proc.ts";
import type { Supabase } from "../supabase/supabase.ts";

/** What was used in some time. Seconds of CPU, bytes, counts. */
export interface Usage {
  seconds: number;
  relayCpu: number;
  /** Of all of the server's processes; null where the server is not the bench's own. */
  databaseCpu: number | null;
  /** Log records, without whole pages. */
  wal: number;
  /** Bodies that the relay sent to the Data API, and the stories' text in them. */
  body: number;
  text: number;
  tokens: number;
  /** That reached the readers: heads, events and frames. */
  client: number;
  /** By function, as the Data API counts them. */
  calls: Record<string, number>;
  /** Milliseconds inside the function, the mean of the calls that Postgres has written down: it does so up to ten seconds late. */
  callMs: Record<string, number>;
}

/** Begins to count; each call of what comes back says what was used since. */
export async function startMeter(
  supabase: Supabase,
  relayPid: number,
  crowd: () => Pick<Crowd, "tokens" | "bytes">,
): Promise<() => Promise<Usage>> {
  const serverPid = supabase.own ? await postmaster(supabase) : null;
  async function read() {
    const relayCpu = cpuOf(relayPid);
    const databaseCpu = serverPid === null ? null : cpuOf(serverPid);
    const { tokens, bytes } = crowd();
    const at = performance.now() / 1000;
    const [traffic, [{ wal }], functions] = await Promise.all([
      supabase.traffic(),
      supabase.sql`
        select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal`,
      supabase.sql`
        select funcname as name, calls::float8 as calls, total_time as ms
        from pg_stat_user_functions where schemaname = 'public' and funcname like 'relay\\_%'`,
    ]);
    const inside = new Map(
      functions.map(({ name, calls, ms }) => [String(name), { calls: Number(calls), ms: Number(ms) }]),
    );
    return { ...{ at, relayCpu, databaseCpu, tokens, bytes, traffic, inside }, wal: Number(wal) };
  }
  const before = await read();
  return async () => {
    const after = await read();
    const calls: Record<string, number> = {};
    const callMs: Record<string, number> = {};
    for (const [name, count] of Object.entries(after.traffic.calls)) {
      calls[name] = count - (before.traffic.calls[name] ?? 0);
    }
    for (const [name, { calls, ms }] of after.inside) {
      const sofar = before.inside.get(name) ?? { calls: 0, ms: 0 };
      if (calls > sofar.calls) {
        callMs[name] = (ms - sofar.ms) / (calls - sofar.calls);
      }
    }
    return {
      seconds: after.at - before.at,
      relayCpu: after.relayCpu - before.relayCpu,
      databaseCpu: before.databaseCpu === null || after.databaseCpu === null
        ? null
        : after.databaseCpu - before.databaseCpu,
      wal: after.wal - before.wal,
      body: after.traffic.bodyBytes - before.traffic.bodyBytes,
      text: after.traffic.textBytes - before.traffic.textBytes,
      tokens: after.tokens - before.tokens,
      client: after.bytes - before.bytes,
      calls,
      callMs,
    };
  };
}

/** A session's parent is the server. */
async function postmaster({ sql }: Supabase): Promise<number> {
  const [{ pid }] = await sql`select pg_backend_pid() as pid`;
  return parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`)).parent;
}
