import { deepStrictEqual as equal } from "node:assert/strict";
import { findRuntimes } from "../../testkit/workers.ts";
import { countSockets } from "./sockets.ts";

for (const runtime of await findRuntimes("what a worker leaves open")) {
  Deno.test(`generations that end in any way leave no socket to a provider open (${runtime.name})`, async () => {
    const { toProvider, ends } = await countSockets(100, { runtime });
    equal(toProvider, 0);
    equal(Object.keys(ends).sort(), ["cancelled", "error", "left", "stop"]);
  });
}
