/** The least that a relay can do which looks at what it carries: one buffer for all reads, one write for each of them. */

const provider = Deno.env.get("PROVIDER");

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} }, async (request) => {
  const upstream = await fetch(provider + new URL(request.url).pathname, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: await request.text(),
  });
  const reader = upstream.body!.getReader({ mode: "byob" });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // Rejects once the client has left.
      copyAll(reader, controller).catch(() => {});
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
});

async function copyAll(reader: ReadableStreamBYOBReader, controller: ReadableStreamDefaultController<Uint8Array>) {
  for (let buffer = new Uint8Array(4 * 1024);;) {
    const { done, value } = await reader.read(buffer);
    if (done) return controller.close();
    controller.enqueue(value.slice());
    buffer = new Uint8Array(value.buffer as ArrayBuffer);
  }
}
