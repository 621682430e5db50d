/** Measurements as they would be if unit costs were exactly these, for tests. */

import type { Costs } from "./costs.ts";
import type { Measured } from "./measured.ts";
import { ratesOf } from "./model.ts";
import type { Usage } from "./meter.ts";
import type { Load, Point } from "./point.ts";

export const COSTS: Costs = {
  relayCpu: { token: 60e-6, streamSecond: 200e-6, generation: 5e-3 },
  databaseCpu: { row: 100e-6, pair: 1e-7, generation: 4e-3, rowAtEnd: 50e-6 },
  wal: { row: 600, textByte: 1, generation: 7_000, rowAtEnd: 150 },
  body: { row: 90, textByte: 1, generation: 750 },
  clientBytes: { token: 40 },
  memoryMb: { worker: 100, stream: 0.2 },
  callMs: { row: 0.2, pair: 2e-4, begin: 3, finish: 2 },
};

const SECONDS = 10;
const TOKEN_BYTES = 5;

/** A point without noise. */
export function makePoint(load: Load, costs = COSTS): Point {
  const { streams, everyMs, beatMs } = load;
  const rates = ratesOf({
    concurrent: streams,
    tokensPerSecond: 1_000 / everyMs,
    storySeconds: Infinity,
    beatMs,
    bytesPerToken: TOKEN_BYTES,
    workers: 1,
  }, costs);
  const window = usage(SECONDS, {
    relayCpu: rates.relayCpu,
    databaseCpu: rates.databaseCpu,
    wal: rates.wal,
    body: rates.body,
    text: rates.text,
    tokens: rates.tokens,
    client: rates.client,
  }, rates.beats);
  window.callMs = { relay_beat: streams * (costs.callMs.row + costs.callMs.pair * streams) };
  const { generation, rowAtEnd } = costs.databaseCpu;
  const rows = rates.rows * SECONDS;
  return {
    ...load,
    window,
    whole: {
      ...window,
      databaseCpu: window.databaseCpu! + streams * generation + rows * rowAtEnd,
      wal: window.wal + streams * costs.wal.generation +
        rows * costs.wal.rowAtEnd,
    },
    tokensAStory: SECONDS * 1_000 / everyMs,
    idleMb: costs.memoryMb.worker,
    openMb: costs.memoryMb.worker + streams * costs.memoryMb.stream,
    dataApiConnections: 1,
    providerConnections: streams,
  };
}

/** A whole run without noise. */
export function makeMeasured(calibration: Load[], checks: Load[]): Measured {
  const stories = 100;
  const whole = usage(1, {
    relayCpu: stories * COSTS.relayCpu.generation,
    databaseCpu: stories * COSTS.databaseCpu.generation,
    wal: stories * COSTS.wal.generation,
    body: stories * COSTS.body.generation,
    text: 0,
    tokens: 0,
    client: 0,
  }, 0);
  whole.callMs = { relay_begin: COSTS.callMs.begin, relay_finish: COSTS.callMs.finish };
  return {
    about: "Made for a test.",
    calibration: calibration.map((load) => makePoint(load)),
    ends: { stories, whole },
    checks: checks.map((load) => makePoint(load)),
  };
}

type Sums = Omit<Usage, "seconds" | "calls" | "callMs">;

function usage(seconds: number, aSecond: Sums, beats: number): Usage {
  const sums = Object.fromEntries(
    Object.entries(aSecond).map(([name, value]) => [name, value! * seconds]),
  ) as unknown as Sums;
  return { ...sums, seconds, calls: { relay_beat: beats * seconds }, callMs: {} };
}
