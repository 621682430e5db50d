/** The provider in a process of its own: prints its port, serves until it is killed. */

import { type Counts, serveConnection } from "./connection.ts";
import { createGate } from "./gate.ts";
import { createPacer } from "./pacer.ts";

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log((listener.addr as Deno.NetAddr).port);
const counts: Counts = { requests: 0, open: 0 };
const shared = { pacer: createPacer(), gate: createGate(), counts };
for await (const connection of listener) {
  void serveConnection(connection, shared);
}
