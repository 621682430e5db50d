/** What our relay asks of its database: calls, bytes, and how long one round trip takes. */

import { openCrowd } from "../driver/crowd.ts";
import { sleep } from "../process.ts";
import { nameOf } from "../provider/plan.ts";
import type { World } from "../relays/relay.ts";
import { median } from "../statistics.ts";
import { TOKEN_LENGTH } from "../stamp.ts";
import type { Supabase } from "../supabase/supabase.ts";
import type { Scenario } from "./scenario.ts";

const STREAMS = 200;
const EVERY_MS = 20;
const SPREAD_MS = 1_000;
const CALLS = 40;
const LEASE_MS = 15_000;

export const database: Scenario = {
  name: "database",
  title: "what 200 streams cost the database",
  only: ["storytellr"],
  rounds: 1,
  async run(relay, { quick }, world) {
    const supabase = await world.supabase();
    const trips = await roundTrips(supabase, world);
    const seconds = quick ? 3 : 15;
    const tokens = seconds * 1000 / EVERY_MS;
    const plan = nameOf({ kind: "paced", everyMs: EVERY_MS, tokens });
    const requests = await relay.requests(plan, STREAMS);
    await onlyRecords(supabase, true);
    const before = await costs(supabase);
    const startedAt = performance.now();
    const crowd = await openCrowd(requests, SPREAD_MS, null);
    const { cutOff } = await crowd.ended(seconds * 1000 + 30_000);
    const tookS = (performance.now() - startedAt) / 1000;
    const after = await costs(supabase);
    await onlyRecords(supabase, false);
    const calls = (name: string) => (after.calls[name] ?? 0) - (before.calls[name] ?? 0);
    const text = STREAMS * tokens * TOKEN_LENGTH;
    return {
      figures: {
        ...trips,
        beginsPerGeneration: calls("relay_begin") / STREAMS,
        finishesPerGeneration: calls("relay_finish") / STREAMS,
        beatsPerSecond: calls("relay_beat") / tookS,
        textSentPerText: (after.textBytes - before.textBytes) / text,
        bodySentPerText: (after.bodyBytes - before.bodyBytes) / text,
        logWrittenPerText: (after.log - before.log) / text,
      },
      saturated: false,
      cutOff,
      failure: crowd.failure(tokens),
    };
  },
};

/** A beat of nothing is the way there and back; a begin is what a first token waits for. */
async function roundTrips(supabase: Supabase, { providerPort }: World) {
  const provider = `http://127.0.0.1:${providerPort}/idle/v1`;
  const people = await supabase.people(CALLS, provider);
  const beats: number[] = [];
  const begins: number[] = [];
  for (const { id, bot } of people) {
    const stream_id = crypto.randomUUID();
    const fence = crypto.randomUUID();
    beats.push(
      await timed(() =>
        supabase.call("relay_beat", { stream_ids: [], fences: [], lease_ms: LEASE_MS, starts: [], ends: [], texts: [] })
      ),
    );
    begins.push(
      await timed(() =>
        supabase.call("relay_begin", {
          user_id: id,
          stream_id,
          worker_id: "bench",
          prompt: "Tell me a story about a lighthouse.",
          reroll_of: null,
          conversation_id: null,
          bot_id: bot,
          parent_id: null,
          parent_is_given: false,
          rate_limit: 100_000,
          max_concurrent: 100_000,
          lease_ms: LEASE_MS,
          max_context: 4_000_000,
          fence,
        })
      ),
    );
    await supabase.call("relay_finish", {
      stream_id,
      fence,
      status: "completed",
      finish_reason: "stop",
      error_code: null,
      content: "Once",
      prompt_tokens: 1,
      completion_tokens: 1,
      total_tokens: 2,
      first_token_ms: 1,
      start_at: 0,
    });
  }
  return { emptyBeatMs: median(beats), beginMs: median(begins) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function costs({ sql, traffic }: Supabase) {
  await sleep(200);
  const [{ log }] = await sql`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as log`;
  return { ...await traffic(), log: Number(log) };
}

/** Whole pages behind a checkpoint and vacuum's own work are no cost of a generation (see tests/chaos/costs.ts). */
export async function onlyRecords({ own, sql }: Supabase, only: boolean): Promise<void> {
  if (!own) return;
  for (const setting of ["full_page_writes", "autovacuum"]) {
    await sql.unsafe(only ? `alter system set ${setting} = off` : `alter system reset ${setting}`);
  }
  await sql`select pg_reload_conf()`;
  await sql`checkpoint`;
}
