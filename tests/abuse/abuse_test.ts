import { deepStrictEqual as equal } from "node:assert/strict";
import { skip } from "../../testkit/skipped.ts";
import { ATTACKS } from "./attacks.ts";
import { type Lab, openLab } from "./lab.ts";

// Each attack alone takes ten minutes in all: `deno task abuse`. Those of a kind together are harder.
const ONE_MS = 1_500;
const FIVE_MS = 3_000;
// All attacks of a kind are more than one, and share two cores with database and worker: each alone keeps to a quarter
// of a second.
const START_MS = 1_500;

const database = Deno.env.get("RELAY_TEST_DATABASE_URL");
if (database) registerAttacks(database);
else skip("the attacks: RELAY_TEST_DATABASE_URL is not set");

function registerAttacks(database: string) {
  let lab: Lab;
  Deno.test.beforeAll(async () => void (lab = await openLab(START_MS, database)));
  Deno.test.afterAll(() => lab?.close());

  for (const [kind, attacks] of Map.groupBy(ATTACKS, ({ kind }) => kind)) {
    const fn = async () => {
      equal(lab.judge(await lab.attack(attacks, 1, ONE_MS)), []);
      equal(lab.judge(await lab.attack(attacks, 5, FIVE_MS)), []);
    };
    // Victims read their stories all through the group: what begins in one test ends in another.
    Deno.test({
      name: `no user harms another by ${kind}`,
      timeout: 90_000,
      sanitizeOps: false,
      sanitizeResources: false,
      fn,
    });
  }
}
