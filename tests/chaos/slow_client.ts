/** What the longest text costs the worker of a client that does not read: its queue has a limit, and then it is detached. */

import { ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { time } from "../../testkit/figures.ts";
import { postAndStall } from "../../testkit/reader.ts";
import { readToEnd } from "./client.ts";
import type { Figure, Lab, Worker } from "./lab.ts";
import type { Plan } from "./numbered.ts";
import { checkClient, checkStored } from "./stored.ts";

const MB = 1024 * 1024;
const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`;
const BOUND_MB = 32;
/** If what no client reads were kept, the row would be 336 MB, and the worker would die of it. */
const HEAP_MB = 64;
const ROW = 48;
/** A million characters in tokens of 1 KB, 7 MB for the client, as fast as the relay takes them, and over some seconds. */
const FAST = { tokens: 1_000, intervalMs: 0, size: 1024 };
const PACED = { ...FAST, intervalMs: 4 };

export async function slowClient(lab: Lab): Promise<Figure[]> {
  const [worker] = await lab.workers(1, { DENO_V8_FLAGS: `--max-old-space-size=${HEAP_MB}` });
  const ignored: Awaited<ReturnType<typeof ignore>>[] = [];
  const ignoreOne = async (plan: Plan) => void ignored.push(await ignore(lab, worker, plan));
  // The engine takes memory for the text whether or not it is read, and keeps it: not in the next figures.
  const first = await growth(worker, () => read(lab, worker, FAST));
  await read(lab, worker, PACED);
  const fast = await growth(worker, () => ignoreOne(FAST));
  const paced = await growth(worker, () => ignoreOne(PACED));
  const grown = `${megabytes(fast)} and ${megabytes(paced)}`;
  ok(Math.max(fast, paced) < BOUND_MB * MB, `The worker grew by ${grown} for text that no client read`);
  // The engine's own ups and downs hide what a row of generations leaves behind, but not from the heap's limit.
  const row = await growth(worker, async () => {
    for (let turn = 0; turn < ROW; turn++) await ignoreOne(FAST);
  });
  let kept = 0;
  for (const { connection } of ignored) {
    const rest = await connection.rest();
    connection.close();
    kept += rest.length / ignored.length;
    ok(rest.startsWith("HTTP/1.1 200"), `A stream began with ${rest.split("\r\n")[0]}`);
    ok(!/event: (done|error)/.test(rest), "A client that did not read was not detached: it got the last event");
  }
  for (const [index, { generation }] of ignored.entries()) {
    const stored = await checkStored(lab, generation, "completed");
    // Through the embedded stack a replay takes a second: two will do.
    if (index >= 2) continue;
    await readToEnd(generation.client, () => worker.url, 30_000);
    checkClient(generation.client, stored);
  }
  const [fastTime, pacedTime] = ignored.map(({ tookMs }) => time(tookMs));
  const [grew, below] = ["peak growth", `below ${BOUND_MB} MB`];
  return [
    [`${grew}: first 7 MB of a fresh worker, read`, megabytes(first)],
    [`${grew}: 7 MB in ${fastTime}, not read`, megabytes(fast), below],
    [`${grew}: 7 MB in ${pacedTime}, not read`, megabytes(paced), below],
    [`${grew}: ${ROW} × 7 MB, not read, all still connected`, megabytes(row), `lives, with a heap of ${HEAP_MB} MB`],
    ["kept for such a client, in the relay's queue and in sockets", megabytes(kept)],
    ["messages whole, to the character", ignored.length, ignored.length],
  ];
}

/** How much larger the worker was at its peak than before. */
async function growth(worker: Worker, work: () => Promise<void>): Promise<number> {
  worker.forgetPeak();
  const before = worker.memory().now;
  await work();
  return worker.memory().peak - before;
}

async function read(lab: Lab, worker: Worker, plan: Plan): Promise<void> {
  const generation = await lab.begin(plan, worker);
  // On a busy machine this client, too, may be slower than its provider, and be detached.
  if (await generation.client.follow() !== "ended") await readToEnd(generation.client, () => worker.url, 30_000);
}

/** A generation whose client stays connected, and has not read it. */
async function ignore(lab: Lab, worker: Worker, plan: Plan) {
  const generation = await lab.generation(plan);
  const { streamId, requests: { user } } = generation;
  const startedAt = performance.now();
  const connection = await postAndStall(`${worker.url}/stream`, user.token, { stream_id: streamId, prompt: streamId });
  await eventually(`stream ${streamId} ends`, async () => {
    const [row] = await lab.sql`select status from relay.generations where stream_id = ${streamId}`;
    return row !== undefined && row.status !== "running";
  }, 60_000);
  return { generation, connection, tookMs: performance.now() - startedAt };
}
