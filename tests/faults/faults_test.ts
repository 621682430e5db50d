import { HAS_SERVER } from "../../testkit/postgres.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { findRuntimes } from "../../testkit/workers.ts";
import { addresses } from "./addresses.ts";
import { databaseFaults } from "./database.ts";
import { fallbacks } from "./fallbacks.ts";
import { type FaultStack, openFaultStack } from "./fault_stack.ts";
import { providerFaults } from "./provider.ts";
import { workerFaults } from "./workers.ts";

let stack: Stack;
const opened = new Map<string, FaultStack>();
const runtimes = await findRuntimes("faults");

Deno.test.beforeAll(async () => {
  stack = await startStack({ postgres: HAS_SERVER });
  await Promise.all(runtimes.map(async (runtime) => {
    opened.set(runtime.name, await openFaultStack(stack, runtime));
  }));
});

Deno.test.afterAll(async () => {
  await stack.stop();
  for (const { proxy } of opened.values()) await proxy.close();
});

for (const [index, { name }] of runtimes.entries()) {
  // What is the same on whichever Deno runs on the edge runtime's.
  const others = index === runtimes.length - 1 ? [...addresses, ...fallbacks] : [];
  for (const { title, run } of [...providerFaults, ...databaseFaults, ...workerFaults, ...others]) {
    Deno.test(`${title} (${name})`, () => run(opened.get(name)!));
  }
}
