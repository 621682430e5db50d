/** Measures our relay, whole, at one load: in a steady window, and over the whole life of its stories. */

import { openCrowd } from "../driver/crowd.ts";
import { memoryOf } from "../proc.ts";
import { sleep } from "../process.ts";
import { nameOf } from "../provider/plan.ts";
import { ours } from "../relays/ours.ts";
import type { RunningRelay, World } from "../relays/relay.ts";
import { onlyRecords } from "../scenarios/database.ts";
import { settled } from "../scenarios/usage.ts";
import type { Supabase } from "../supabase/supabase.ts";
import { warmUp } from "../warm_up.ts";
import { connectionsTo } from "./connections.ts";
import { startMeter, type Usage } from "./meter.ts";

/** So many streams at once at this pace. */
export interface Load {
  streams: number;
  everyMs: number;
  beatMs: number;
}

/** What a load took. */
export interface Point extends Load {
  /** While all of them streamed. */
  window: Usage;
  /** From before the first begin until after the last finish. */
  whole: Usage;
  tokensAStory: number;
  idleMb: number;
  openMb: number;
  dataApiConnections: number;
  providerConnections: number;
}

/** What stories of next to no text take: to begin and to finish, and nothing else. */
export interface Ends {
  stories: number;
  whole: Usage;
}

const BEGINS_A_SECOND = 120;
const PATIENCE_MS = 2_000;
const WINDOW_MS = 10_000;
/** So much earlier it ends, for the counters are read before the first stream's end. */
const READING_MS = 500;
const GRACE_MS = 30_000;
const SETTLE_MS = 1_000;

/** A fresh worker for each point; a point that loses a token is none. */
export async function measurePoint(world: World, load: Load): Promise<Point> {
  return await withRelay(world, load.beatMs, async (relay, supabase) => {
    const { streams, everyMs } = load;
    const spreadMs = Math.max(1_000, streams / BEGINS_A_SECOND * 1_000);
    const lastsMs = spreadMs + PATIENCE_MS + WINDOW_MS;
    const tokens = Math.ceil(lastsMs / everyMs);
    const pid = relay.pid!;
    const requests = await relay.requests(nameOf({ kind: "paced", everyMs, tokens }), streams);
    const idleMb = memoryOf(pid) / 2 ** 20;

    let current = { tokens: 0, bytes: 0 };
    const whole = await startMeter(supabase, pid, () => current);
    const crowd = await openCrowd(requests, spreadMs, null);
    current = crowd;
    if (!await crowd.begun(PATIENCE_MS)) {
      throw new Error(`Cannot measure ${streams} streams: not all of them began`);
    }
    const window = await startMeter(supabase, pid, () => crowd);
    await sleep(WINDOW_MS - READING_MS);
    const used = await window();
    const openMb = memoryOf(pid) / 2 ** 20;
    const dataApi = Number(new URL(supabase.environment.SUPABASE_URL).port);
    const dataApiConnections = connectionsTo(pid, dataApi);
    const providerConnections = connectionsTo(pid, world.providerPort);
    const { cutOff } = await crowd.ended(lastsMs + GRACE_MS);
    const failure = crowd.failure(tokens);
    if (cutOff > 0 || failure) {
      throw new Error(`Cannot measure ${streams} streams: ${failure ?? `${cutOff} did not end`}`);
    }
    await settled(relay);
    await sleep(SETTLE_MS);
    return {
      ...load,
      window: used,
      whole: await whole(),
      tokensAStory: tokens,
      idleMb,
      openMb,
      dataApiConnections,
      providerConnections,
    };
  });
}

/** So many stories of one token, not all at once. */
export async function measureEnds(world: World, stories: number): Promise<Ends> {
  return await withRelay(world, 1_000, async (relay, supabase) => {
    const requests = await relay.requests(nameOf({ kind: "paced", everyMs: 1, tokens: 1 }), stories);
    const none = { tokens: 0, bytes: 0 };
    const whole = await startMeter(supabase, relay.pid!, () => none);
    const crowd = await openCrowd(requests, stories / BEGINS_A_SECOND * 1_000, null);
    await crowd.ended(GRACE_MS);
    await settled(relay);
    await sleep(SETTLE_MS);
    const failure = crowd.failure(1);
    if (failure) throw new Error(`Cannot measure the ends: ${failure}`);
    return { stories, whole: await whole() };
  });
}

/** A worker that has seen its hot path, and a log without what checkpoints and vacuum add. */
async function withRelay<T>(
  world: World,
  beatMs: number,
  work: (relay: RunningRelay, supabase: Supabase) => Promise<T>,
): Promise<T> {
  const supabase = await world.supabase();
  const environment = { ...supabase.environment, RELAY_BEAT_MS: String(beatMs) };
  const relay = await ours.start({ ...world, supabase: () => Promise.resolve({ ...supabase, environment }) });
  try {
    await warmUp(relay);
    await onlyRecords(supabase, true);
    return await work(relay, supabase);
  } finally {
    await onlyRecords(supabase, false);
    await relay.stop();
  }
}
