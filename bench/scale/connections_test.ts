import { deepStrictEqual as equal } from "node:assert/strict";
import { connectionsTo, parseConnection } from "./connections.ts";

Deno.test("a line of /proc/net/tcp tells the far port and the socket", () => {
  equal(
    parseConnection(
      "   1: 0100007F:D3A4 0100007F:1F40 01 00000000:00000000 00:00000000 00000000  1000        0 81234 1 0 20 4 30 10 -1",
    ),
    { port: 8000, inode: "81234" },
  );
});

Deno.test("what listens, waits or heads the list is no connection", () => {
  equal(
    parseConnection(
      "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 81233 1 0 100 0 0 10 0",
    ),
    null,
  );
  equal(
    parseConnection("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"),
    null,
  );
});

Deno.test("a process' own connections are counted, by the port at their far end", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const near = await Deno.connect({ hostname: "127.0.0.1", port });
  const far = await listener.accept();
  equal(connectionsTo(Deno.pid, port), 1);
  near.close();
  far.close();
  equal(connectionsTo(Deno.pid, port), 0);
  listener.close();
});
