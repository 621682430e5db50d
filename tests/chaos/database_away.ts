/** What clients and generations feel of a database that is away: nothing, but for those who come just then. */

import { equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../testkit/eventually.ts";
import { largest, spread, time } from "../../testkit/figures.ts";
import { type Client, readToEnd } from "./client.ts";
import { type Figure, type Generation, inParallel, type Lab, type Worker } from "./lab.ts";
import { checkClient, checkStored } from "./stored.ts";

const BEFORE_MS = 1_500;
/** How long a generation goes on after the database is back: past a beat, and past a client's first resume. */
const AFTER_MS = 3_000;
/** A client that gets its tokens at their pace notices a busy machine, and no more. */
const LONGEST_GAP_MS = 1_000;

type Way = "server crashed" | "server shut down" | "connections broken" | "no answer";

export async function databaseAway(lab: Lab): Promise<Figure[]> {
  const lease = lab.quick ? { RELAY_LEASE_MS: "2500" } : {};
  const workers = await lab.workers(2, { SUPABASE_URL: lab.proxy.url, ...lease });
  const [first, last]: Way[] = lab.cluster
    ? ["server crashed", "server shut down"]
    : Array(2).fill("connections broken");
  const outages: [number, Way][] = lab.quick
    ? [[3_000, first], [6_000, "no answer"]]
    : [[5_000, first], [20_000, "no answer"], [30_000, last]];
  const figures: Figure[] = [];
  for (const [ms, way] of outages) {
    lab.note(`${way}, ${time(ms)}`);
    figures.push(...await live(lab, workers, ms, way));
    await lab.recover();
  }
  return figures;
}

/** Gives what brings it back. */
async function takeAway({ cluster, proxy }: Lab, way: Way): Promise<() => unknown> {
  if (way === "server crashed" || way === "server shut down") {
    await cluster!.stop(way === "server crashed" ? "immediate" : "fast");
    return cluster!.start;
  }
  if (way === "no answer") proxy.silent();
  else proxy.away();
  return proxy.back;
}

/** Some generations live through all of it, some end during it, and clients read on the other worker. */
async function live(lab: Lab, workers: Worker[], ms: number, way: Way): Promise<Figure[]> {
  const begin = (count: number, ms: number) =>
    inParallel(count, count, (index) => lab.begin({ tokens: ms / 20, intervalMs: 20, size: 0 }, workers[index % 2]));
  const long = await begin(8, BEFORE_MS + ms + AFTER_MS);
  const short = await begin(4, BEFORE_MS + ms / 2);
  const all = [...long, ...short];
  const following = all.map((generation) => generation.follow());
  const reading = inParallel(4, 4, async (index) => {
    const reader = long[index].another();
    await readToEnd(reader, () => workers[(index + 1) % 2].url, ms + 60_000);
    return reader;
  });
  await sleep(BEFORE_MS);

  const bringBack = await takeAway(lab, way);
  const awayAt = performance.now();
  let stopSweeping: () => Promise<number>;
  try {
    await refused(workers[0], long[1]);
    await sleep(Math.max(awayAt + ms - performance.now(), 0));
    // As fast as it can, to come before the workers' own beats and finishes as often as can be.
    stopSweeping = lab.sweep();
  } finally {
    // Also after a failure: the lab has to be closed.
    await bringBack();
  }
  const backAt = performance.now();
  const storing = short.map((generation) => storedAfter(lab, generation, backAt));
  await Promise.all(following);
  const lateMs = await Promise.all(storing);
  const readers = await reading;
  const swept = await stopSweeping();
  for (const generation of all) await judge(lab, workers[0], generation);

  const gap = largest(long.map(({ client }) => longestGap(client, awayAt, backAt)));
  ok(gap <= LONGEST_GAP_MS, `A client got nothing for ${time(gap)} while the database was away`);
  const interrupted = readers.filter(({ end }) => end!.event === "error").length;
  const closed = `${swept} (${interrupted} of ${readers.length} readers elsewhere got "interrupted")`;
  const name = `${time(ms)}, ${way}`;
  return [
    [`${name}: whole messages, ${short.length} of them ended during it`, all.length, all.length],
    [`${name}: longest gap between two tokens`, time(gap), time(LONGEST_GAP_MS)],
    [`${name}: database back to message stored`, spread(lateMs)],
    [`${name}: swept, then completed by their worker`, closed],
  ];
}

/** A client that comes while the database is away learns when to come again. */
async function refused({ url }: Worker, { streamId, another }: Generation) {
  const start = another().open(url, { stream_id: `${streamId}-new`, prompt: "no" });
  for (const { status, code, retryAfter } of await Promise.all([start, another().open(url)])) {
    equal(`${status} ${code}`, "503 unavailable", `Without a database a request got ${status} ${code}`);
    ok(Number(retryAfter) > 0, `Without a database a request got Retry-After ${retryAfter}`);
  }
}

async function storedAfter({ sql }: Lab, { streamId }: Generation, backAt: number): Promise<number> {
  await eventually(`stream ${streamId} is stored`, async () => {
    const [row] = await sql`select status from relay.generations where stream_id = ${streamId}`;
    return row.status === "completed";
  }, 15_000);
  return Math.max(performance.now() - backAt, 0);
}

function longestGap({ seen }: Client, from: number, to: number): number {
  const times = seen.map(({ at }) => at).filter((at) => at >= from && at <= to);
  return largest(times.slice(1).map((at, index) => at - times[index]));
}

async function judge(lab: Lab, { url }: Worker, generation: Generation) {
  const { client, another } = generation;
  // A client that got its end before the message was stored has no id of it.
  const { event, data: { message_id } } = client.end!;
  const isLate = event === "done" && message_id === null;
  if (isLate) await storedAfter(lab, generation, 0);
  const stored = await checkStored(lab, generation, "completed");
  checkClient(client, isLate ? { ...stored, message_id } : stored);
  const later = another();
  await readToEnd(later, () => url, 10_000);
  checkClient(later, stored);
}
