/** What 1,000, 10,000 and 100,000 generations at once need and cost, in Markdown. */

import { short } from "../statistics.ts";
import type { Costs } from "./costs.ts";
import { amount, markdown } from "./markdown.ts";
import { computeFor, pricesOf, projectsFor, ratesOf, storiesOfAnIsolate, workersOf, type Workload } from "./model.ts";
import { ISOLATE } from "./platform.ts";

/** A story as a person reads it: 1,500 tokens of five characters in half a minute. */
const STORY = { tokensPerSecond: 50, storySeconds: 30, beatMs: 1_000, bytesPerToken: 5 };
const SIZES = [1_000, 10_000, 100_000];
const BEATS = [1_000, 2_000, 5_000];

/** Until a new worker's first answer, as one bundled file: docs/performance.md. The whole of it is taken for CPU. */
const COLD_S = 0.218;
const CANCEL_MARGIN_S = 0.5;

/** Both, with headings. */
export function planTables(costs: Costs): string {
  return [
    "### So many at once, each a token each 20 ms for 30 s",
    sizeTable(costs),
    isolateLine(costs),
    "### The beat, with 10,000 at once",
    beatTable(costs),
  ].join("\n\n");
}

function planOf(load: Workload, costs: Costs) {
  const rates = ratesOf(load, costs);
  const projects = projectsFor(load, costs);
  const share = ratesOf({ ...load, concurrent: load.concurrent / projects }, costs);
  const compute = computeFor(share)!;
  return {
    ...{ load, rates, share, projects, compute },
    workers: workersOf(load, rates.relayCpu, costs),
    prices: pricesOf(rates, compute, projects),
  };
}

function sizeTable(costs: Costs): string {
  const plans = SIZES.map((concurrent) => planOf({ ...STORY, concurrent }, costs));
  const row = (name: string, cell: (plan: ReturnType<typeof planOf>) => string) => [name, ...plans.map(cell)];
  const dollars = (value: number) => `$${amount(Math.round(value))}`;
  return markdown([
    row("generations at once", ({ load }) => amount(load.concurrent)),
    row("begins a second, and as many finishes", ({ rates }) => amount(rates.begins)),
    row("relay's CPU, cores", ({ rates }) => amount(rates.relayCpu)),
    row("workers: by CPU at 70 %, by 256 MB", ({ workers }) => `${amount(workers.byCpu)}, ${amount(workers.byMemory)}`),
    row("database calls a second, all", ({ rates }) => amount(rates.beats + 2 * rates.begins)),
    row("database's CPU, cores", ({ rates }) => amount(rates.databaseCpu)),
    row("calls in the database at once", ({ rates }) => amount(rates.callsAtOnce)),
    row("rows added and renewed a second", ({ rates }) => amount(rates.rows)),
    row("log records", ({ rates }) => `${amount(rates.wal / 1e6)} MB/s, ${amount(rates.wal * 86_400 / 1e9)} GB a day`),
    row("to the readers", ({ rates }) => `${amount(rates.client / 1e6)} MB/s`),
    row("projects and their compute", ({ projects, compute }) => `${projects} × ${compute.name}`),
    row("database and its disk, a month", ({ prices }) => dollars(prices.database + prices.disk)),
    row("invocations, a month", ({ prices }) => dollars(prices.invocations)),
    row("egress, a month", ({ prices }) => dollars(prices.egress)),
  ]);
}

function isolateLine(costs: Costs): string {
  const load = { ...STORY, concurrent: 1 };
  const [soft, hard] = [ISOLATE.cpuSoftS, ISOLATE.cpuHardS].map((limit) =>
    storiesOfAnIsolate(load, costs, limit, COLD_S)
  );
  const { relayCpu } = costs;
  const story = relayCpu.generation +
    STORY.storySeconds *
      (relayCpu.streamSecond + STORY.tokensPerSecond * relayCpu.token);
  return `Such a story takes ${
    short(story * 1e3)
  } ms of the relay's CPU. If an isolate's CPU adds up over all of its requests, it has told ${soft} stories when it is retired and ${hard} when it is killed; so that none is cut off, at most ${hard} may ever come to one isolate, and ${
    SIZES.map((size) => amount(Math.ceil(size / hard))).join(", ")
  } isolates must live at once for the three sizes.`;
}

function beatTable(costs: Costs): string {
  const plans = BEATS.map((beatMs) => planOf({ ...STORY, concurrent: 10_000, beatMs }, costs));
  return markdown([
    ["`RELAY_BEAT_MS`", ...BEATS.map((beatMs) => amount(beatMs))],
    ["rows added and renewed a second", ...plans.map(({ rates }) => amount(rates.rows))],
    ["log records", ...plans.map(({ rates }) => `${amount(rates.wal / 1e6)} MB/s`)],
    ["database's CPU, cores", ...plans.map(({ rates }) => amount(rates.databaseCpu))],
    ["projects and their compute", ...plans.map(({ projects, compute }) => `${projects} × ${compute.name}`)],
    [
      "a cancel is seen after at most",
      ...BEATS.map((beatMs) =>
        `${short(beatMs / 1_000)} s, and ends within ${short(beatMs / 1_000 + CANCEL_MARGIN_S)} s`
      ),
    ],
  ]);
}
