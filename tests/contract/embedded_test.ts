import { makeBigintFolder } from "../../testkit/pglite.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";
import { ofOneWorker, ofWorkers } from "./scenarios.ts";

let folder = "";
let stack: Stack;

Deno.test.beforeAll(async () => {
  folder = await makeBigintFolder();
  // What the workers' run has not: ids of the other kind, PGlite, one process for all, and the other way to the provider.
  stack = await startStack({ env: { ...SCENARIO_ENV, RELAY_TRANSPORT: "fetch" }, flags: ["--data", folder] });
});
Deno.test.afterAll(async () => {
  await stack?.stop();
  await Deno.remove(folder, { recursive: true });
});

for (const { title, run, needsLog } of [...ofWorkers, ...ofOneWorker]) {
  if (needsLog) continue;
  const fn = () => run(stack.target, stack.provider);
  Deno.test({ name: `embedded, ids are bigint: ${title}`, timeout: 60_000, fn });
}
