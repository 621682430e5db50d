/** What clients and stories feel of a database that is away: nothing, but for those who come just then. */

import { type Experiment, type Figure, must, sleep, until } from "./experiment.ts";
import { type Gate, openGate } from "./gate.ts";
import type { Lab, Teller } from "./lab.ts";
import { story } from "./numbered.ts";
import { places, readToEnd } from "./reading.ts";
import type { Reader } from "./reader.ts";
import { largest, spread, time } from "./statistics.ts";
import { checkEnd, checkTold, readStored } from "./stored.ts";
import type { Worker } from "./workers.ts";

/** How it goes: the server crashes, it is shut down, its connections break, or it does not answer any more. */
type Way = "crash" | "shutdown" | "broken" | "silent";

interface Outage {
  ms: number;
  way: Way;
}

const INTERVAL_MS = 20;
const BEFORE_MS = 1_500;
/** How long a generation goes on after the database is back: past a beat, and past a client's first resume. */
const AFTER_MS = 3_000;
/** A client that gets its tokens at their pace notices a busy machine, and no more. */
const LONGEST_GAP_MS = 1_000;

export const databaseAway: Experiment = {
  name: "database",
  title: "Database away",
  async run(lab) {
    const gate = openGate(lab.supabaseUrl);
    try {
      const environment = { SUPABASE_URL: gate.url, ...(lab.quick ? { RELAY_LEASE_MS: "2500" } : {}) };
      const workers = await lab.workers(2, environment);
      const figures: Figure[] = [];
      for (const outage of outages(lab)) {
        lab.note(`database: ${outage.way}, ${time(outage.ms)}`);
        figures.push(...await live(lab, gate, workers, outage));
      }
      await lab.dismiss(workers);
      return figures;
    } finally {
      gate.close();
    }
  },
};

function outages({ quick, server }: Lab): Outage[] {
  const stopped: Way[] = server.own ? ["crash", "shutdown"] : ["broken", "broken"];
  return quick
    ? [{ ms: 3_000, way: stopped[0] }, { ms: 6_000, way: "silent" }]
    : [{ ms: 5_000, way: stopped[0] }, { ms: 20_000, way: "silent" }, { ms: 30_000, way: stopped[1] }];
}

async function cut({ server }: Lab, gate: Gate, way: Way): Promise<() => Promise<void>> {
  if (way === "silent" || way === "broken") {
    gate.set(way);
    return () => Promise.resolve(gate.set("open"));
  }
  await server.own!.stop(way === "crash" ? "immediate" : "fast");
  return () => server.own!.start();
}

/** Some generations live through all of it, some end amid it, and clients of the other worker watch. */
async function live(lab: Lab, gate: Gate, workers: Worker[], outage: Outage): Promise<Figure[]> {
  const long = await begin(lab, workers, 8, BEFORE_MS + outage.ms + AFTER_MS);
  const short = await begin(lab, workers, 4, BEFORE_MS + outage.ms / 2);
  const following = [...long, ...short].map((teller) => teller.follow());
  const watching = long.slice(0, 4).map((teller, place) => {
    const reader = teller.another();
    const other = workers[(place + 1) % 2];
    return readToEnd(reader, () => other, outage.ms + 60_000).then(() => reader);
  });
  await sleep(BEFORE_MS);

  const cutAt = performance.now();
  const restore = await cut(lab, gate, outage.way);
  const awayAt = performance.now();
  const swept = { count: 0 };
  let stopSweeping = () => Promise.resolve();
  try {
    await refused(workers[0], long[1]);
    await sleep(cutAt + outage.ms - performance.now());
    stopSweeping = sweep(lab, swept);
  } finally {
    // Also after a Violation: the lab has to be closed.
    await restore();
  }
  const backAt = performance.now();
  const storing = short.map((teller) => storedAt(lab, teller, backAt));

  for (const [place, followed] of (await Promise.all(following)).entries()) {
    const { streamId } = [...long, ...short][place];
    must(followed === "ended", `stream ${streamId}: ${followed}, not ended`);
  }
  const lateMs = await Promise.all(storing);
  const watchers = await Promise.all(watching);
  await stopSweeping();
  await Promise.all([...long, ...short].map((teller) => judge(lab, workers, teller)));

  const gaps = long.map((teller) => longestGap(teller, awayAt, backAt));
  must(largest(gaps) <= LONGEST_GAP_MS, `A client got nothing for ${time(largest(gaps))} while the database was away`);
  const interrupted = watchers.filter(({ end }) => end!.event === "error");
  const name = `${time(outage.ms)}, ${NAMES[outage.way]}`;
  return [
    {
      measure: `${name}: whole stories, ${short.length} of them ended meanwhile`,
      value: String(long.length + short.length),
      bound: String(long.length + short.length),
    },
    {
      measure: `${name}: longest gap between two tokens at a client`,
      value: time(largest(gaps)),
      bound: time(LONGEST_GAP_MS),
    },
    { measure: `${name}: database back to message stored, of those that ended meanwhile`, value: spread(lateMs) },
    {
      measure: `${name}: closed by a sweep and completed by their worker all the same`,
      value:
        `${swept.count} generations (${interrupted.length} of ${watchers.length} watchers elsewhere were told "interrupted")`,
    },
  ];
}

const NAMES: Record<Way, string> = {
  crash: "server crashed",
  shutdown: "server shut down",
  broken: "connections broken",
  silent: "no answer",
};

async function begin(lab: Lab, workers: Worker[], count: number, ms: number): Promise<Teller[]> {
  const plan = { tokens: Math.round(ms / INTERVAL_MS), intervalMs: INTERVAL_MS, size: 0 };
  return await Promise.all(
    places(count).map(async (place) => {
      const teller = await lab.teller(plan);
      await teller.tell(workers[place % 2]);
      return teller;
    }),
  );
}

/** Who comes while the database is away is told so, and when to come again. */
async function refused(worker: Worker, elsewhere: Teller) {
  const body = { stream_id: `${elsewhere.streamId}-new`, prompt: "no" };
  const openings = await Promise.all([
    elsewhere.another().start(worker.url, body),
    elsewhere.another().resume(worker.url),
  ]);
  for (const { status, code, retryAfter } of openings) {
    must(
      status === 503 && code === "unavailable" && Number(retryAfter) > 0,
      `Without a database a request got ${status} ${code}, Retry-After ${retryAfter}`,
    );
  }
}

/** Sweeps as fast as it can, so that as often as can be it comes before the worker's own beat or finish. */
function sweep({ sql }: Lab, swept: { count: number }): () => Promise<void> {
  let going = true;
  const done = (async () => {
    while (going) {
      try {
        const [{ answer }] = await sql`select public.relay_sweep() as answer`;
        swept.count += answer.closed;
      } catch {
        // The database is not back yet.
      }
      await sleep(5);
    }
  })();
  return async () => {
    going = false;
    await done;
  };
}

async function storedAt({ sql }: Lab, { streamId }: Reader, backAt: number): Promise<number> {
  await until(15_000, `stream ${streamId} is stored`, async () => {
    const [row] = await sql`select status from relay.generations where stream_id = ${streamId}`;
    return row.status === "completed";
  });
  return Math.max(performance.now() - backAt, 0);
}

function longestGap({ seen }: Reader, from: number, to: number): number {
  const times = seen.map(({ at }) => at).filter((at) => at >= from && at <= to);
  return largest(times.slice(1).map((at, place) => at - times[place]));
}

async function judge({ provider, sql }: Lab, workers: Worker[], teller: Teller) {
  const tag = teller.streamId;
  const told = provider.told(tag);
  const stored = await readStored(sql, tag);
  must(stored.isComplete, `stream ${tag} is ${stored.status}`);
  checkTold(tag, stored.content, told, 0);
  must(stored.content === story(tag, told.sent, 0), `stream ${tag}: the message is not all that the provider sent`);
  must(teller.text === stored.content, `stream ${tag}: the client has another text than the message`);
  // Who was told that it is done before it was stored has no id of the message.
  if (teller.end!.data.message_id !== null) checkEnd(teller, stored);
  else must(teller.end!.event === "done", `stream ${tag} ended with an error`);
  const later = teller.another();
  await readToEnd(later, () => workers[0], 10_000);
  must(later.text === stored.content, `stream ${tag}: its replay is not its message`);
  checkEnd(later, stored);
}
