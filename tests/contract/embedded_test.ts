import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";
import { scenarios } from "./scenarios.ts";

let stack: Stack | undefined;

Deno.test.beforeAll(async () => void (stack = await startStack({ env: SCENARIO_ENV })));
Deno.test.afterAll(() => stack?.stop());

for (const { title, run, needsLog } of scenarios) {
  if (needsLog) continue;
  const fn = () => run(stack!.target, stack!.provider);
  Deno.test({ name: `embedded: ${title}`, timeout: 60_000, fn });
}
