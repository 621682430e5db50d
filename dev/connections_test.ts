import assert from "node:assert/strict";

Deno.test("a server that has ended by itself, and throws when it is ended, harms nothing", async () => {
  const internal = Reflect.get(Deno, Reflect.get(Deno, "internal"));
  const serve = internal.serveHttpOnConnection;
  let ended = 0;
  internal.serveHttpOnConnection = (connection: Deno.TcpConn, signal: AbortSignal, ...rest: unknown[]) => {
    const server = serve(connection, signal, ...rest);
    signal.addEventListener("abort", () => {
      ended++;
      throw new Deno.errors.BadResource();
    });
    return server;
  };
  // Loaded anew, for it takes the function when it is loaded.
  const { createConnections, DEFAULT_LIMITS } = await import(
    "./connections.ts#throws"
  ) as typeof import("./connections.ts");
  internal.serveHttpOnConnection = serve;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = createConnections(
    () => Promise.resolve(new Response("Once")),
    () => new Response(null, { status: 500 }),
    DEFAULT_LIMITS,
  );
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  await connections.add(await listener.accept());
  await connections.close();
  assert.equal(ended, 1);
  assert.equal(await client.read(new Uint8Array(1)), null);
});
