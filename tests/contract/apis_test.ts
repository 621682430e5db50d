import { SPEECHES } from "../../testkit/apis.ts";
import { skip } from "../../testkit/skipped.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";
import { findRuntimes, THIS_DENO, type Worker } from "../../testkit/workers.ts";
import { spoken } from "./scenarios.ts";

if (!Deno.env.get("RELAY_TEST_DATABASE_URL")) {
  skip("the contract of each API: RELAY_TEST_DATABASE_URL is not set");
} else {
  const runtimes = await findRuntimes("the contract of each API");
  let stack: Stack | undefined;
  let workers: Worker[] = [];
  Deno.test.beforeAll(async () => {
    stack = await startStack({ postgres: true });
    const [first, second = THIS_DENO] = runtimes;
    workers = await Promise.all([first, second].map((runtime) => stack!.worker(SCENARIO_ENV, { runtime })));
  });
  Deno.test.afterAll(() => stack?.stop());

  // Chat completions are the other tests'. Each API is spoken by both workers.
  for (const api of Object.keys(SPEECHES).slice(1)) {
    for (const [index, { title, run, apis }] of spoken.entries()) {
      if (apis !== undefined && !apis.includes(api)) continue;
      const [first, second] = index % 2 === 0 ? [0, 1] : [1, 0];
      const fn = () => run({ ...stack!.targetOf([workers[first], workers[second]]), api }, stack!.provider);
      Deno.test({ name: `${api}: ${title}`, timeout: 60_000, fn });
    }
  }
}
