/** The least that a relay can do which looks at what it carries: one buffer for all reads, one write for each of them. */

const provider = Deno.env.get("PROVIDER");
const BUFFER_BYTES = 4 * 1024;

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} }, async (request) => {
  const upstream = await fetch(provider + new URL(request.url).pathname, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: await request.text(),
  });
  const reader = upstream.body!.getReader({ mode: "byob" });
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  copyAll(reader, controller).catch(() => {});
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
});

/** Rejects once the client has left. */
async function copyAll(
  reader: ReadableStreamBYOBReader,
  controller: ReadableStreamDefaultController<Uint8Array>,
): Promise<void> {
  let buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const { done, value } = await reader.read(buffer);
    if (done) return controller.close();
    controller.enqueue(value.slice());
    buffer = new Uint8Array(value.buffer as ArrayBuffer);
  }
}
