/**
 * Started by `uploaded_function.ts` on the runtime's Deno, outside of the uploaded files: takes the place of the edge
 * runtime around an unchanged function. As there, `Deno.serve` ignores the port, host and signal that the function
 * asks for. The port that was found free is the first line on stdout.
 *
 * It must run on Deno 2.1.4 without an import map of its own, so it imports nothing but the function.
 */
const serve = Deno.serve;

Object.defineProperty(Deno, "serve", {
  value(...args: unknown[]) {
    const [first, second] = args;
    const handler = [first, second].find((arg) => typeof arg === "function") ??
      (first as { handler: unknown }).handler;
    return serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: ({ port }) => console.log(JSON.stringify({ listening: port })),
    }, handler as Deno.ServeHandler);
  },
});

await import(Deno.args[0]);
