import { flagsOrExit, parseFlags } from "../../dev/flags.ts";
import { fail, note, print, untilStopped } from "../../dev/process.ts";
import { writeFigures, writeFormatted } from "../../testkit/page.ts";
import { aboutRun } from "../figures.ts";
import { cpuOf, memoryOf, settled, sleep, statOf } from "../process.ts";
import { openCrowd } from "../reader.ts";
import { openWorld, startOurs, type World } from "../relays.ts";
import type { Supabase } from "../supabase.ts";
import { type Load, loadsOf, type Measured } from "./model.ts";
import { tablesOf } from "./tables.ts";

const HELP = `deno task scale [flags]: writes the tables of docs/scale.md, computed from bench/scale/measured.json

  --measure   measure the loads of that file again first, which takes four minutes
`;
const FILE = new URL("./measured.json", import.meta.url);
const BEGINS_A_SECOND = 120;

/** All counters of a relay and its database, so far. */
async function countersOf(pid: number, { sql }: Supabase): Promise<Record<string, number>> {
  // Read before this asks anything. A session's parent is the server.
  const relayCpu = cpuOf(pid);
  const [{ session, wal }] = await sql`
    select pg_backend_pid() as session, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal`;
  const databaseCpu = cpuOf(Number(statOf(session)[1]));
  const functions = await sql`select funcname, calls::float8, total_time from pg_stat_user_functions`;
  return {
    ...{ relayCpu, databaseCpu, wal },
    ...Object.fromEntries(functions.map(({ funcname, calls }) => [`${funcname} calls`, calls])),
    ...Object.fromEntries(functions.map(({ funcname, total_time }) => [`${funcname} ms`, total_time])),
  };
}

/** A fresh worker for each load; one that loses a token gives no figures. */
async function measure(world: World, load: Load): Promise<Load> {
  const { streams, everyMs, tokens, beatMs } = load;
  const supabase = await world.supabase();
  const relay = await startOurs(world, { RELAY_BEAT_MS: String(beatMs) });
  try {
    const requests = await relay.requests(`paced-${everyMs}-${tokens}`, streams);
    const idleMb = memoryOf(relay.pid);
    const before = await countersOf(relay.pid, supabase);
    const crowd = await openCrowd(requests, streams / BEGINS_A_SECOND * 1_000);
    await sleep(tokens * everyMs / 2);
    const openMb = memoryOf(relay.pid);
    const cutOff = await crowd.ended(60_000);
    const failure = crowd.failure(tokens) ?? (cutOff > 0 ? `${cutOff} did not end` : null);
    if (failure) throw new Error(`Cannot measure ${streams} streams: ${failure}`);
    await settled(relay.pid);
    // Sessions report the time of their functions up to ten seconds late; the mean is of what has come.
    await sleep(2_000);
    const after = await countersOf(relay.pid, supabase);
    const used = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    const callMs = (name: string) => used(`${name} ms`) / Math.max(used(`${name} calls`), 1);
    return {
      ...{ ...load, relayCpu: used("relayCpu"), databaseCpu: used("databaseCpu"), wal: used("wal") },
      ...{ client: crowd.bytes, idleMb, openMb },
      ...{ beatCallMs: callMs("relay_beat"), beginCallMs: callMs("relay_begin"), finishCallMs: callMs("relay_finish") },
    };
  } finally {
    await relay.stop();
  }
}

async function measureAll(settings: Load[]): Promise<Measured> {
  const world = await openWorld({ pinned: true });
  // The database's server is no child that would end with this process.
  untilStopped().then(() => world.close()).then(() => Deno.exit(130));
  try {
    const { sql, own } = await world.supabase();
    if (!own) throw new Error("Cannot measure: the server's settings are not the bench's, install Postgres' programs");
    // Whole pages after checkpoints and vacuum's own work are no cost of a generation.
    for (const setting of ["full_page_writes = off", "autovacuum = off", "track_functions = 'all'"]) {
      await sql.unsafe(`alter system set ${setting}`);
    }
    await sql`select pg_reload_conf()`;
    const loads: Load[] = [];
    for (const setting of settings) {
      loads.push(await measure(world, setting));
      note(JSON.stringify(loads.at(-1)));
    }
    const names = Object.keys(loads[0]) as (keyof Load)[];
    const columns = names.map((name) => [name, loads.map((load) => Number(load[name].toFixed(4)))]);
    return { about: await aboutRun("deno task scale --measure", world), ...Object.fromEntries(columns) };
  } finally {
    await world.close();
  }
}

const flags = flagsOrExit(HELP, (args) => parseFlags("Cannot start", args, { measure: { type: "boolean" } }));
try {
  let measured: Measured = JSON.parse(await Deno.readTextFile(FILE));
  if (flags.measure) {
    measured = await measureAll(loadsOf(measured));
    const lines = Object.entries(measured).map((pair) => pair.map((part) => JSON.stringify(part)).join(": "));
    await writeFormatted(FILE, `{\n${lines.join(",\n")}\n}\n`);
  }
  const tables = tablesOf(measured);
  print(`${tables}\n`);
  await writeFigures(new URL("../../docs/scale.md", import.meta.url), "bench", tables);
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
