import { skip } from "../../testkit/skipped.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { counting } from "./counting.ts";
import { crashes } from "./crashes.ts";
import { crowds } from "./crowd.ts";
import { fallbacks } from "./fallbacks.ts";
import { memories } from "./memories.ts";
import { refusals } from "./refusals.ts";
import { starts } from "./starts.ts";
import { sweeps } from "./sweep.ts";
import { openTransactionRace } from "./transaction_race.ts";
import { transactions } from "./transactions.ts";
import { voices } from "./voices.ts";
import { openWorkerRace } from "./worker_race.ts";

if (Deno.env.get("RELAY_TEST_DATABASE_URL")) registerRaces();
else skip("races: RELAY_TEST_DATABASE_URL is not set");

function registerRaces() {
  let stack: Stack | undefined;
  Deno.test.beforeAll(async () => void (stack = await startStack({ postgres: true })));
  Deno.test.afterAll(() => stack?.stop());

  for (const [name, run] of Object.entries({ ...transactions, ...sweeps, ...crowds, ...counting, ...fallbacks })) {
    const fn = async () => {
      await using race = await openTransactionRace(stack!.databaseUrl!);
      await run(race);
    };
    Deno.test({ name, timeout: 60_000, fn });
  }
  for (const { title, env, run } of [...starts, ...crashes, ...memories, ...voices, ...refusals]) {
    const fn = async () => {
      await using race = await openWorkerRace(stack!, env);
      await run(race);
    };
    Deno.test({ name: title, timeout: 60_000, fn });
  }
}
