/** What the model says of the measured loads, beside what they took. */

import { type Costs, databaseCpuOf } from "./costs.ts";
import { ratesOf, type Workload } from "./model.ts";
import type { Point } from "./point.ts";

/** One quantity of one load, a second. */
export interface Comparison {
  name: string;
  unit: string;
  measured: number;
  predicted: number;
}

/** The load of a point, in its window: none begins, none ends. */
export function workloadOf(point: Point): Workload {
  const { streams, everyMs, beatMs, window } = point;
  return {
    concurrent: streams,
    tokensPerSecond: 1_000 / everyMs,
    storySeconds: Infinity,
    beatMs,
    bytesPerToken: window.text / window.tokens,
    workers: 1,
  };
}

/** Each quantity that the model has, in the order of the table. */
export function compare(point: Point, costs: Costs): Comparison[] {
  const { window, streams, openMb } = point;
  const rates = ratesOf(workloadOf(point), costs);
  const { memoryMb, callMs } = costs;
  const each = (sum: number) => sum / window.seconds;
  const row = (
    name: string,
    unit: string,
    measured: number,
    predicted: number,
  ) => ({ name, unit, measured, predicted });
  return [
    row("relay's CPU", "cores", each(window.relayCpu), rates.relayCpu),
    row("relay's memory", "MB", openMb, memoryMb.worker + streams * memoryMb.stream),
    row("database calls", "/s", each(window.calls.relay_beat ?? 0), rates.beats),
    row("a beat, inside the database", "ms", window.callMs.relay_beat, streams * (callMs.row + callMs.pair * streams)),
    row("database's CPU", "cores", each(databaseCpuOf(window)), rates.databaseCpu),
    row("log records", "KB/s", each(window.wal) / 1e3, rates.wal / 1e3),
    row("request bodies", "KB/s", each(window.body) / 1e3, rates.body / 1e3),
    row("to the readers", "KB/s", each(window.client) / 1e3, rates.client / 1e3),
  ];
}

/** By how much the model is off, as a share of what was measured. */
export function errorOf({ measured, predicted }: Comparison): number {
  return (predicted - measured) / measured;
}
