/** The contract on two workers over Postgres: in chat completions all of it, in each other API what providers say in it. */
import { SPEECHES } from "../../testkit/apis.ts";
import { skip } from "../../testkit/skipped.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";
import { findRuntimes, THIS_DENO, type Worker } from "../../testkit/workers.ts";
import type { Scenario } from "./scenario.ts";
import { ofOneWorker, ofWorkers, spoken } from "./scenarios.ts";

if (!Deno.env.get("RELAY_TEST_DATABASE_URL")) {
  skip("the contract on two workers: RELAY_TEST_DATABASE_URL is not set");
} else {
  const runtimes = await findRuntimes("the contract");
  let stack: Stack | undefined;
  let workers: Worker[] = [];
  Deno.test.beforeAll(async () => {
    stack = await startStack({ postgres: true });
    const [first, second = THIS_DENO] = runtimes;
    workers = await Promise.all([first, second].map((runtime) => stack!.worker(SCENARIO_ENV, { runtime })));
  });
  Deno.test.afterAll(() => stack?.stop());

  /** The first worker runs the generations, the other one is sent the cancels. */
  const register = (first: number, { title, run }: Scenario, api?: string) => {
    const fn = () => run({ ...stack!.targetOf([workers[first], workers[1 - first]]), api }, stack!.provider);
    const name = `${api ?? "worker"} on ${runtimes[first]?.name ?? THIS_DENO.name}: ${title}`;
    Deno.test({ name, timeout: 60_000, fn });
  };
  for (const api of Object.keys(SPEECHES).slice(1)) {
    const those = spoken.filter(({ apis }) => apis === undefined || apis.includes(api));
    for (const [index, scenario] of those.entries()) register(index % 2, scenario, api);
  }
  for (const first of runtimes.keys()) ofWorkers.forEach((scenario) => register(first, scenario));
  // On this Deno the embedded stack has them.
  for (const scenario of ofOneWorker) register(runtimes.length - 1, scenario);
}
