import { skip } from "../../testkit/skipped.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";
import { findRuntimes, THIS_DENO, type Worker } from "../../testkit/workers.ts";
import { scenarios } from "./scenarios.ts";

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

  // The first worker runs the generations, the other one is sent the cancels.
  for (const [first, { name }] of runtimes.entries()) {
    for (const { title, run } of scenarios) {
      const fn = () => run(stack!.targetOf([workers[first], workers[1 - first]]), stack!.provider);
      Deno.test({ name: `worker on ${name}: ${title}`, timeout: 60_000, fn });
    }
  }
}
