/** From unit costs to what so many generations at once need, and what that costs. Pure. */

import type { Costs } from "./costs.ts";
import { type Compute, COMPUTES, DISK, EGRESS, INVOCATIONS, ISOLATE, PLAN } from "./platform.ts";

/** So many stories at once, for ever: for each that ends, one begins. */
export interface Workload {
  concurrent: number;
  tokensPerSecond: number;
  storySeconds: number;
  beatMs: number;
  bytesPerToken: number;
  /** Workers that share it; without it as many as are needed. */
  workers?: number;
}

/** What is used each second by stories that neither begin nor end, and by beginning and ending. */
export interface Rates {
  tokens: number;
  beats: number;
  rows: number;
  /** Begins, and as many finishes. */
  begins: number;
  text: number;
  relayCpu: number;
  databaseCpu: number;
  wal: number;
  body: number;
  client: number;
  /** Calls inside the database at once: each needs a connection of the Data API's pool. */
  callsAtOnce: number;
}

/** How full a core may be: above it, delays grow (the bench's 200 paced streams fill three quarters). */
export const FULL = 0.7;

/** All stories at once, so that `storySeconds` of Infinity is a window in which none begins or ends. */
export function ratesOf(load: Workload, costs: Costs): Rates {
  const tokens = load.concurrent * load.tokensPerSecond;
  const begins = load.concurrent / load.storySeconds;
  const relayCpu = tokens * costs.relayCpu.token +
    load.concurrent * costs.relayCpu.streamSecond +
    begins * costs.relayCpu.generation;
  const workers = load.workers ?? workersOf(load, relayCpu, costs).needed;
  const beats = workers * 1_000 / load.beatMs;
  const rows = load.concurrent * 1_000 / load.beatMs;
  // Generations of one worker, which is to say of one beat.
  const share = load.concurrent / workers;
  // Of stories that never end, nothing is read, deleted and made a message.
  const ended = Number.isFinite(load.storySeconds) ? rows : 0;
  const text = tokens * load.bytesPerToken;
  const { databaseCpu, wal, body, callMs } = costs;
  return {
    ...{ tokens, beats, rows, begins, text, relayCpu },
    databaseCpu: rows * (databaseCpu.row + databaseCpu.pair * share) +
      begins * databaseCpu.generation + ended * databaseCpu.rowAtEnd,
    wal: rows * wal.row + text * wal.textByte + begins * wal.generation +
      ended * wal.rowAtEnd,
    body: rows * body.row + text * body.textByte + begins * body.generation,
    client: tokens * costs.clientBytes.token,
    callsAtOnce: (rows * (callMs.row + callMs.pair * share) +
      begins * (callMs.begin + callMs.finish)) / 1_000,
  };
}

/** One worker is one event loop: a core, and an isolate's memory. */
export function workersOf(
  { concurrent }: Pick<Workload, "concurrent">,
  relayCpu: number,
  { memoryMb }: Costs,
): { byCpu: number; byMemory: number; needed: number } {
  const byCpu = Math.ceil(relayCpu / FULL);
  const byMemory = Math.ceil(concurrent * memoryMb.stream / (ISOLATE.memoryMb - memoryMb.worker));
  return { byCpu, byMemory, needed: Math.max(byCpu, byMemory) };
}

/** How many whole stories an isolate can tell until its CPU is used up, if that adds up over all of its requests. */
export function storiesOfAnIsolate(
  { tokensPerSecond, storySeconds }: Workload,
  { relayCpu }: Costs,
  limitS: number,
  coldS: number,
): number {
  const story = relayCpu.generation +
    storySeconds * (relayCpu.streamSecond + tokensPerSecond * relayCpu.token);
  return Math.max(0, Math.floor((limitS - coldS) / story));
}

/** The smallest database that has the cores and can write the records; null where none has. */
export function computeFor({ databaseCpu, wal }: Rates): Compute | null {
  return COMPUTES.find(({ cores, diskMbS }) =>
    cores * FULL >= databaseCpu &&
    Math.min(diskMbS, DISK.maxMbS) * FULL >= wal / 1e6
  ) ?? null;
}

/** Projects that share the load where one database is not enough. */
export function projectsFor(load: Workload, costs: Costs): number {
  for (let projects = 1; projects < 1_000; projects++) {
    const share = { ...load, concurrent: load.concurrent / projects };
    if (computeFor(ratesOf(share, costs))) return projects;
  }
  throw new RangeError(`Cannot plan ${load.concurrent} generations: 1,000 projects are not enough`);
}

const MONTH_S = 730 * 3_600;

/** Dollars a month, if it went on so day and night, in one organisation with so many projects of this size. */
export function pricesOf(
  { begins, client, wal }: Rates,
  compute: Compute,
  projects: number,
): Record<"invocations" | "egress" | "database" | "disk", number> {
  const packages = Math.ceil(
    Math.max(0, begins * MONTH_S - INVOCATIONS.included) /
      INVOCATIONS.packageOf,
  );
  const egressGb = client * MONTH_S / 1e9;
  return {
    invocations: packages * INVOCATIONS.price,
    egress: Math.max(0, egressGb - EGRESS.includedGb) * EGRESS.pricePerGb,
    database: PLAN.price + projects * compute.price - PLAN.computeCredit,
    disk: projects * DISK.pricePerMbS *
      Math.max(0, wal / projects / 1e6 / FULL - DISK.includedMbS),
  };
}
