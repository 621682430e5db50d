import { addresses } from "./addresses.ts";
import { clients } from "./clients.ts";
import { databaseFaults } from "./database.ts";
import { type Lab, openLab } from "./lab.ts";
import { providerFaults } from "./provider.ts";
import { silences } from "./silence.ts";
import { workerEnds } from "./workers.ts";
import { findRuntimes, type Rig, startRig } from "../../testkit/rig.ts";

let rig: Rig;
const labs = new Map<string, Lab>();
const runtimes = await findRuntimes();

Deno.test.beforeAll(async () => {
  rig = await startRig();
  for (const runtime of runtimes) {
    labs.set(runtime.name, await openLab(rig, runtime));
  }
});

Deno.test.afterAll(async () => {
  await rig.close();
  for (const lab of labs.values()) await lab.close();
});

const scenarios = [...providerFaults, ...silences, ...addresses, ...clients, ...databaseFaults, ...workerEnds];

for (const { name } of runtimes) {
  for (const { title, run } of scenarios) {
    Deno.test(`${title} (${name})`, () => run(labs.get(name)!));
  }
}
