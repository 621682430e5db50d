/** What 8 MB of text cost the worker of a client that does not read: its queue has a limit, and then it is detached. */

import { type Experiment, type Figure, must, until } from "./experiment.ts";
import type { Lab, Teller } from "./lab.ts";
import { story } from "./numbered.ts";
import { readToEnd } from "./reading.ts";
import { time } from "./statistics.ts";
import { checkTold, readStored } from "./stored.ts";
import { connectAndStopReading, type Stalled } from "./stalled.ts";
import type { Worker } from "./workers.ts";

const MB = 1024 * 1024;
const STORY_MB = 8;
const BOUND_MB = 32;
/** If what nobody reads were kept, the row would be 96 MB, and the worker would die of it. */
const HEAP_MB = 64;
const ROW = 12;
const BOUND = `below ${BOUND_MB} MB`;
/** In tokens of 1 KB, as fast as the relay takes them, and over some seconds. */
const AT_ONCE = { tokens: STORY_MB * 1024, intervalMs: 0, size: 1024 };
const PACED = { ...AT_ONCE, intervalMs: 0.5 };

type Plan = typeof AT_ONCE;

/** A story whose client stays connected, and has not read it. */
interface Ignored {
  teller: Teller;
  client: Stalled;
  plan: Plan;
  tookMs: number;
}

export const slowClient: Experiment = {
  name: "slow",
  title: "8 MB to a client that does not read",
  async run(lab) {
    const worker = await lab.worker({ DENO_V8_FLAGS: `--max-old-space-size=${HEAP_MB}` });
    const ignored: Ignored[] = [];
    const ignoreOne = async (plan: Plan) => {
      ignored.push(await ignore(lab, worker, plan));
    };
    try {
      // The engine takes memory for 8 MB of text whoever reads it, and keeps it: it must not be in the next figures.
      const first = await growth(worker, () => read(lab, worker, AT_ONCE));
      await read(lab, worker, PACED);
      const fast = await growth(worker, () => ignoreOne(AT_ONCE));
      const paced = await growth(worker, () => ignoreOne(PACED));
      lab.note(`slow: ${megabytes(fast)} and ${megabytes(paced)}`);
      // The engine's own ups and downs hide what a row of stories leaves behind, but not from the heap's limit.
      const row = await growth(worker, async () => {
        for (let turn = 0; turn < ROW; turn++) await ignoreOne(AT_ONCE);
      });
      lab.note(`slow: ${megabytes(row)} for the row`);
      must(
        Math.max(fast, paced) < BOUND_MB * MB,
        `The worker grew by ${megabytes(fast)} and ${megabytes(paced)} for stories that nobody read`,
      );
      let waiting = 0;
      for (const { client } of ignored) waiting += await readAtLast(client);
      for (const one of ignored) await judge(lab, one);
      // Through the embedded stack a replay of 8 MB takes a second: two will do.
      for (const { teller, plan } of ignored.slice(0, 2)) {
        await readToEnd(teller, () => worker, 30_000);
        must(
          teller.text === story(teller.streamId, plan.tokens, plan.size),
          `stream ${teller.streamId}: its replay is not its message`,
        );
      }
      await lab.dismiss([worker]);
      const [{ tookMs: fastMs }, { tookMs: pacedMs }] = ignored;
      return [
        figure("first 8 MB of a fresh worker, read", first),
        figure(`8 MB in ${time(fastMs)}, not read`, fast, BOUND),
        figure(`8 MB in ${time(pacedMs)}, not read`, paced, BOUND),
        figure(`${ROW} × 8 MB, not read, all still connected`, row, `lives, with a heap of ${HEAP_MB} MB`),
        {
          measure: "kept for such a client, in the relay's queue and in sockets",
          value: megabytes(waiting / ignored.length),
        },
        { measure: "messages whole, to the character", value: String(ignored.length), bound: String(ignored.length) },
      ];
    } finally {
      for (const { client } of ignored) client.close();
    }
  },
};

function figure(what: string, bytes: number, bound?: string): Figure {
  return { measure: `growth of the worker at its peak: ${what}`, value: megabytes(bytes), bound };
}

/** How much larger the worker was at its peak than before. */
async function growth(worker: Worker, work: () => Promise<void>): Promise<number> {
  worker.forgetPeak();
  const before = worker.memory().now;
  await work();
  return worker.memory().peak - before;
}

async function read(lab: Lab, worker: Worker, plan: Plan): Promise<void> {
  const teller = await lab.teller(plan);
  await teller.tell(worker);
  // On a busy machine this client, too, may be slower than its provider, and be detached.
  if (await teller.follow() === "ended") return;
  await readToEnd(teller, () => worker, 30_000);
}

/** One story to a connection whose reader stops at the headers. */
async function ignore(lab: Lab, worker: Worker, plan: Plan): Promise<Ignored> {
  const teller = await lab.teller(plan);
  const startedAt = performance.now();
  const client = await connectAndStopReading(worker.url, teller);
  await ended(lab, teller.streamId);
  return { teller, client, plan, tookMs: performance.now() - startedAt };
}

/** Bytes that had waited; a client that was detached gets them, and no last event. */
async function readAtLast(client: Stalled): Promise<number> {
  const rest = await client.rest();
  must(!/event: (done|error)/.test(rest), "A client that did not read was not detached: it got the last event");
  return rest.length;
}

function ended({ sql }: Lab, streamId: string): Promise<void> {
  return until(60_000, `stream ${streamId} ends`, async () => {
    const [row] = await sql`
      select status from relay.generations where stream_id = ${streamId}`;
    return row !== undefined && row.status !== "running";
  });
}

async function judge({ provider, sql }: Lab, { teller, plan }: Ignored) {
  const tag = teller.streamId;
  const stored = await readStored(sql, tag);
  must(stored.isComplete, `stream ${tag} is ${stored.status}`);
  checkTold(tag, stored.content, provider.told(tag), plan.size);
  must(
    stored.content === story(tag, plan.tokens, plan.size),
    `stream ${tag}: the message is not all that the provider sent`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}
