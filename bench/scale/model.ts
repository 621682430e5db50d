/** From what loads took to what each piece costs, and from that to what many generations at once need. Pure. */

import { TOKEN_LENGTH } from "../stamp.ts";

/** So many stories, and what they took from before the first began until after the last was stored. */
export interface Load {
  streams: number;
  everyMs: number;
  beatMs: number;
  /** Of each story. */
  tokens: number;
  /** Seconds. */
  relayCpu: number;
  databaseCpu: number;
  /** Bytes: log records, and what reached the readers. */
  wal: number;
  client: number;
  /** Inside the database, the mean of all calls. */
  beatCallMs: number;
  beginCallMs: number;
  finishCallMs: number;
  idleMb: number;
  /** While all streamed. */
  openMb: number;
}

type Setting = Pick<Load, "streams" | "everyMs" | "tokens" | "beatMs">;

/**
 * One run of `deno task scale --measure`: one array for each quantity, one place in it for each load. The costs are taken
 * from the first three loads, which fill a worker about as much as one should be. The last load is stories of next to no
 * text, which begin and finish and do nothing else.
 */
export type Measured = { about: string } & Record<keyof Load, number[]>;
const CALIBRATED = 3;

/** The loads by themselves. */
export function loadsOf({ about: _, ...columns }: Measured): Load[] {
  const at = (index: number) => Object.entries(columns).map(([name, values]) => [name, values[index]]);
  return columns.streams.map((_, index) => Object.fromEntries(at(index)));
}

const tokensOf = ({ streams, tokens }: Setting) => streams * tokens;
/** One row is what a beat adds and renews for one generation; its removal at the story's end is part of it. */
const rowsOf = ({ streams, everyMs, beatMs, tokens }: Setting) => streams * tokens * everyMs / beatMs;
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What each piece costs: CPU in seconds of one core of the machine that measured, all else in bytes. */
export type Costs = ReturnType<typeof costsOf>;

/** Takes the costs apart: a generation's from the last load, all others from what is left of the first ones. */
export function costsOf(loads: Load[]) {
  const first = loads.slice(0, CALIBRATED);
  const ends = loads.at(-1)!;
  const cost = (of: "databaseCpu" | "wal" | "client", countOf: (load: Load) => number, known = (_: Load) => 0) => {
    const generation = ends[of] / ends.streams;
    const each = mean(first.map((load) => (load[of] - load.streams * generation - known(load)) / countOf(load)));
    return { generation, each };
  };
  const generation = ends.relayCpu / ends.streams;
  return {
    relayCpu: { ...relayCpuOf(first, generation), generation },
    /** For each row. */
    databaseCpu: cost("databaseCpu", rowsOf),
    /** For each row, without its text, whose characters are bytes of a record. */
    wal: cost("wal", rowsOf, (load) => tokensOf(load) * TOKEN_LENGTH),
    /** For each token. */
    client: cost("client", tokensOf),
    workerMb: mean(first.map(({ idleMb }) => idleMb)),
    streamMb: mean(first.map(({ openMb, idleMb }) => openMb - idleMb)) / mean(first.map(({ streams }) => streams)),
    /** Milliseconds for each row, and for a begin with its finish. */
    rowMs: mean(first.map(({ beatCallMs, streams }) => beatCallMs / streams)),
    endsMs: ends.beginCallMs + ends.finishCallMs,
  };
}

/** Two unknowns by least squares; each load counts by its relative error, so that a small one weighs as much. */
function relayCpuOf(loads: Load[], generation: number): { token: number; streamSecond: number } {
  const [a, b, c, d, e] = loads.map(({ streams, tokens, everyMs, relayCpu }) => {
    const rest = relayCpu - streams * generation;
    const [x, y] = [streams * tokens / rest, streams * tokens * everyMs / 1_000 / rest];
    return [x * x, x * y, y * y, x, y];
  }).reduce((sums, terms) => sums.map((sum, index) => sum + terms[index]));
  return { token: (c * d - b * e) / (a * c - b * b), streamSecond: (a * e - b * d) / (a * c - b * b) };
}

/** What so much work takes; of work a second it is cores, and bytes a second. */
function usageOf(work: { generations: number; rows: number; tokens: number; streamSeconds: number }, costs: Costs) {
  const { generations, rows, tokens, streamSeconds } = work;
  const { relayCpu, databaseCpu, wal, client, rowMs, endsMs } = costs;
  return {
    ...work,
    relayCpu: tokens * relayCpu.token + streamSeconds * relayCpu.streamSecond + generations * relayCpu.generation,
    databaseCpu: rows * databaseCpu.each + generations * databaseCpu.generation,
    wal: rows * wal.each + tokens * TOKEN_LENGTH + generations * wal.generation,
    client: tokens * client.each + generations * client.generation,
    /** Each needs a connection of the Data API's pool. */
    callsAtOnce: (rows * rowMs + generations * endsMs) / 1_000,
  };
}

/** What the model says of a load. */
export function predictionOf(load: Setting, costs: Costs) {
  const { streams, everyMs } = load;
  const tokens = tokensOf(load);
  const work = { generations: streams, tokens, streamSeconds: tokens * everyMs / 1_000, rows: rowsOf(load) };
  const { rowMs, workerMb, streamMb } = costs;
  return { ...usageOf(work, costs), beatCallMs: streams * rowMs, openMb: workerMb + streams * streamMb };
}

// What Supabase publishes, as its pages had it on 2026-11-26. Prices are dollars, months 730 hours.

/** docs/guides/functions/limits; the CPU's soft limit is in the runtime's source (supabase/edge-runtime). */
export const ISOLATE = { memoryMb: 256, cpuSoftS: 1, cpuHardS: 2 };
/** docs/guides/platform/manage-your-usage/edge-function-invocations, …/egress and …/compute: the Pro plan. */
const INVOCATIONS = { included: 2e6, packageOf: 1e6, price: 2 };
const EGRESS = { includedGb: 250, pricePerGb: 0.09 };
const PLAN = { price: 25, computeCredit: 10 };
/** docs/guides/platform/compute-and-disk: gp3, and the databases with cores of their own. */
const DISK = { includedMbS: 125, pricePerMbS: 0.95 };
const COMPUTES = [
  { name: "Large", cores: 2, price: 110, diskMbS: 79 },
  { name: "XL", cores: 4, price: 210, diskMbS: 149 },
  { name: "2XL", cores: 8, price: 410, diskMbS: 297 },
  { name: "4XL", cores: 16, price: 960, diskMbS: 594 },
  { name: "8XL", cores: 32, price: 1_870, diskMbS: 1_000 },
  { name: "12XL", cores: 48, price: 2_800, diskMbS: 1_000 },
  { name: "16XL", cores: 64, price: 3_730, diskMbS: 1_000 },
];

/** How full a core may be: above it, delays grow. */
const FULL = 0.7;
const MONTH_S = 730 * 3_600;

/** A story as a person reads it: 1,500 tokens of five characters in half a minute. */
export const STORY = { tokensPerSecond: 50, seconds: 30 };

/** What so many stories at once need, for ever: for each that ends, one begins. All rates are a second. */
export function planOf(concurrent: number, beatMs: number, costs: Costs) {
  const use = usageOf({
    ...{ generations: concurrent / STORY.seconds, rows: concurrent * 1_000 / beatMs },
    ...{ tokens: concurrent * STORY.tokensPerSecond, streamSeconds: concurrent },
  }, costs);
  const byCpu = Math.ceil(use.relayCpu / FULL);
  const byMemory = Math.ceil(concurrent * costs.streamMb / (ISOLATE.memoryMb - costs.workerMb));
  // Projects share the load equally where the largest database is not enough.
  const fits = ({ cores, diskMbS }: typeof COMPUTES[number], projects: number) =>
    cores * FULL * projects >= use.databaseCpu && diskMbS * FULL * projects >= use.wal / 1e6;
  let projects = 1;
  while (!fits(COMPUTES.at(-1)!, projects)) projects++;
  const compute = COMPUTES.find((one) => fits(one, projects))!;
  const packages = Math.ceil(Math.max(0, use.generations * MONTH_S - INVOCATIONS.included) / INVOCATIONS.packageOf);
  return {
    ...{ concurrent, use, byCpu, byMemory, compute: projects === 1 ? compute.name : `${projects} × ${compute.name}` },
    calls: Math.max(byCpu, byMemory) * 1_000 / beatMs + 2 * use.generations,
    /** A month, if it went on so day and night. */
    dollars: {
      database: PLAN.price + projects * compute.price - PLAN.computeCredit +
        DISK.pricePerMbS * Math.max(0, use.wal / 1e6 / FULL - projects * DISK.includedMbS),
      invocations: packages * INVOCATIONS.price,
      egress: Math.max(0, use.client * MONTH_S / 1e9 - EGRESS.includedGb) * EGRESS.pricePerGb,
    },
  };
}
