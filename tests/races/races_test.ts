import assert from "node:assert/strict";
import { query } from "../../testkit/postgres.ts";
import { skip } from "../../testkit/skipped.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { budgetCrowds, budgets } from "./budgets.ts";
import { continuations } from "./continuations.ts";
import { costs } from "./costs.ts";
import { counting } from "./counting.ts";
import { crashes } from "./crashes.ts";
import { fallbacks } from "./fallbacks.ts";
import { ledger, UNSETTLED } from "./ledger.ts";
import { memories } from "./memories.ts";
import { refusals } from "./refusals.ts";
import { starts } from "./starts.ts";
import { sweeps } from "./sweep.ts";
import { openTransactionRace } from "./transaction_race.ts";
import { transactions } from "./transactions.ts";
import { FREE, openWorkerRace, type WorkerRace } from "./worker_race.ts";

if (Deno.env.get("RELAY_TEST_DATABASE_URL")) registerRaces();
else skip("races: RELAY_TEST_DATABASE_URL is not set");

function registerRaces() {
  let stack: Stack | undefined;
  let shared: WorkerRace | undefined;
  Deno.test.beforeAll(async () => {
    stack = await startStack({ postgres: true });
    shared = await openWorkerRace(stack, FREE);
  });
  Deno.test.afterAll(async () => {
    await shared?.[Symbol.asyncDispose]();
    await stack?.stop();
  });

  const all = { ...transactions, ...sweeps, ...counting, ...ledger, ...budgetCrowds, ...fallbacks };
  for (const [name, run] of Object.entries(all)) {
    const fn = async () => {
      await using race = await openTransactionRace(stack!.databaseUrl!);
      await run(race);
    };
    Deno.test({ name, timeout: 60_000, fn });
  }
  const onWorkers = [...starts, ...crashes, ...continuations, ...memories, ...refusals, ...costs, ...budgets];
  for (const { title, env, run } of onWorkers) {
    const fn = async () => {
      if (env === undefined) return await run(shared!).finally(shared!.calm);
      await using race = await openWorkerRace(stack!, env);
      await run(race);
    };
    Deno.test({ name: title, timeout: 60_000, fn });
  }

  // Of all races above: killed workers, cancels, clients that left, sweeps, recoveries, deletions.
  Deno.test("after the races the days are the sum of the generations, for every key", async () => {
    assert.deepEqual(await query(stack!.databaseUrl!, UNSETTLED), []);
    const [{ ended }] = await query<{ ended: number }>(
      stack!.databaseUrl!,
      "select count(*)::int as ended from relay.generations where status <> 'running'",
    );
    assert.ok(ended > 0);
  });
}
