/** What was measured, what it costs by the piece, and what many at once need, in Markdown. */

import { tableOf as table } from "../../testkit/page.ts";
import { short } from "../figures.ts";
import { TOKEN_LENGTH } from "../stamp.ts";
import type { Costs, Load, Measured } from "./model.ts";
import { costsOf, ISOLATE, loadsOf, planOf, predictionOf, STORY } from "./model.ts";

const SIZES = [1_000, 10_000, 100_000];
const BEATS = [1_000, 2_000, 5_000];
/** Until a new worker's first answer, as one bundled file, all of it taken for CPU: measured on 2026-11-26. */
const COLD_S = 0.2;

/** All of them, with headings. */
export function tablesOf(measured: Measured): string {
  const loads = loadsOf(measured);
  const costs = costsOf(loads);
  return [
    measured.about,
    loadTable(loads.slice(0, -1), costs),
    "### By the piece",
    costTable(costs),
    "### So many at once, each a token each 20 ms for 30 s",
    sizeTable(costs),
    isolateLine(costs),
    "### The beat, with 10,000 at once",
    beatTable(costs),
  ].join("\n\n");
}

function loadTable(loads: Load[], costs: Costs): string {
  const row = (title: string, of: keyof ReturnType<typeof predictionOf> & keyof Load, unit: number, aStory = true) => [
    title,
    ...loads.map((load) => {
      const error = Math.round((predictionOf(load, costs)[of] / load[of] - 1) * 100);
      return `${short(load[of] / (aStory ? load.streams : 1) * unit)} (${error > 0 ? "+" : ""}${error} %)`;
    }),
  ];
  const nameOf = ({ streams, everyMs, beatMs }: Load) =>
    `${short(streams)}, ${everyMs} ms${beatMs === 1_000 ? "" : `, beat ${beatMs / 1_000} s`}`;
  return table([
    ["streams, a token each", ...loads.map(nameOf)],
    ["tokens a story", ...loads.map(({ tokens }) => short(tokens))],
    row("relay's CPU a story, ms", "relayCpu", 1e3),
    row("database's CPU a story, ms", "databaseCpu", 1e3),
    row("log records a story, KB", "wal", 1e-3),
    row("to the reader a story, KB", "client", 1e-3),
    row("a beat, inside the database, ms", "beatCallMs", 1, false),
    row("relay's memory, MB", "openMb", 1, false),
  ]);
}

function costTable({ relayCpu, databaseCpu, wal, client, workerMb, streamMb }: Costs): string {
  const us = (seconds: number) => `${short(seconds * 1e6)} µs`;
  const bytes = (count: number) => `${short(count)} B`;
  const ends = (unit: (value: number) => string) => (cost: { generation: number }) => unit(cost.generation);
  return table([
    ["piece", "relay's CPU", "database's CPU", "log records", "to the reader", "memory"],
    ["a token", us(relayCpu.token), "", bytes(TOKEN_LENGTH), bytes(client.each), ""],
    ["a second of a stream", us(relayCpu.streamSecond), "", "", "", ""],
    ["a generation in a beat", "", us(databaseCpu.each), bytes(wal.each), "", ""],
    ["a begin and a finish", ...[relayCpu, databaseCpu].map(ends(us)), ...[wal, client].map(ends(bytes)), ""],
    ["an open stream", "", "", "", "", `${short(streamMb * 1e3)} KB`],
    ["a worker", "", "", "", "", `${short(workerMb)} MB`],
  ]);
}

function sizeTable(costs: Costs): string {
  const plans = SIZES.map((concurrent) => planOf(concurrent, 1_000, costs));
  const row = (name: string, cell: (plan: ReturnType<typeof planOf>) => string) => [name, ...plans.map(cell)];
  const dollars = (value: number) => `$${Math.round(value).toLocaleString("en-US")}`;
  return table([
    row("generations at once", ({ concurrent }) => short(concurrent)),
    row("begins a second, and as many finishes", ({ use }) => short(use.generations)),
    row("relay's CPU, cores", ({ use }) => short(use.relayCpu)),
    row("workers: by CPU at 70 %, by 256 MB", ({ byCpu, byMemory }) => `${byCpu}, ${byMemory}`),
    row("database calls a second, all", ({ calls }) => short(calls)),
    row("database's CPU, cores", ({ use }) => short(use.databaseCpu)),
    row("calls in the database at once", ({ use }) => short(use.callsAtOnce)),
    row("rows added and renewed a second", ({ use }) => short(use.rows)),
    row("log records", ({ use }) => `${short(use.wal / 1e6)} MB/s, ${short(use.wal * 86_400 / 1e9)} GB a day`),
    row("to the readers", ({ use }) => `${short(use.client / 1e6)} MB/s`),
    row("compute", ({ compute }) => compute),
    row("database and its disk, a month", (plan) => dollars(plan.dollars.database)),
    row("invocations, a month", (plan) => dollars(plan.dollars.invocations)),
    row("egress, a month", (plan) => dollars(plan.dollars.egress)),
  ]);
}

function isolateLine(costs: Costs): string {
  // Of so many, one begins in each second.
  const cpu = planOf(STORY.seconds, 1_000, costs).use.relayCpu;
  const [soft, hard] = [ISOLATE.cpuSoftS, ISOLATE.cpuHardS].map((limit) => Math.floor((limit - COLD_S) / cpu));
  const isolates = SIZES.map((size) => short(Math.ceil(size / hard))).join(", ");
  return `Such a story takes ${short(cpu * 1e3)} ms of the relay's CPU. If an isolate's CPU adds up over all of its ` +
    `requests, it is retired after ${soft} stories and killed after ${hard}. For none to be cut off, at most ${hard} ` +
    `may ever come to one isolate, and ${isolates} isolates must live at once for the three sizes.`;
}

function beatTable(costs: Costs): string {
  const plans = BEATS.map((beatMs) => planOf(10_000, beatMs, costs));
  const seconds = (ms: number) => `${short(ms / 1_000)} s`;
  return table([
    ["`RELAY_BEAT_MS`", ...BEATS.map(short)],
    ["rows added and renewed a second", ...plans.map(({ use }) => short(use.rows))],
    ["log records", ...plans.map(({ use }) => `${short(use.wal / 1e6)} MB/s`)],
    ["database's CPU, cores", ...plans.map(({ use }) => short(use.databaseCpu))],
    ["compute", ...plans.map(({ compute }) => compute)],
    ["a cancel is seen after at most", ...BEATS.map((ms) => `${seconds(ms)}, and ends within ${seconds(ms + 500)}`)],
  ]);
}
