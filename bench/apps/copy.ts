/**
 * The least that a relay can do which reads what it carries: a connection of its own, one buffer for all reads, one write
 * for each of them. It understands nothing: the provider's head and its framing go out as they came.
 */

const provider = new URL(Deno.env.get("PROVIDER")!);
const encoder = new TextEncoder();

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} }, async (request) => {
  const content = await request.text();
  const { pathname } = new URL(request.url);
  const address = { hostname: provider.hostname, port: Number(provider.port) };
  const connection = provider.protocol === "https:" ? await Deno.connectTls(address) : await Deno.connect(address);
  if ("setNoDelay" in connection) connection.setNoDelay(true);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${provider.host}\r\ncontent-length: ${content.length}\r\n\r\n`;
  await connection.write(encoder.encode(head + content));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // Rejects once the client has left.
      copyAll(connection, controller).catch(() => {}).finally(() => connection[Symbol.dispose]());
    },
    cancel: () => connection[Symbol.dispose](),
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
});

async function copyAll(connection: Deno.Conn, controller: ReadableStreamDefaultController<Uint8Array>) {
  // The four bytes before a read stay in front of it, because it can begin within the end of the framing.
  const buffer = new Uint8Array(4 + 16 * 1024);
  const read = buffer.subarray(4);
  for (let isOver = false; !isOver;) {
    const length = await connection.read(read);
    if (length === null) break;
    controller.enqueue(read.slice(0, length));
    isOver = isLast(buffer, length + 4);
    buffer.copyWithin(0, length, length + 4);
  }
  controller.close();
}

/** Whether the last chunk has come: a zero and two empty lines. */
function isLast(buffer: Uint8Array, end: number): boolean {
  return buffer[end - 1] === 10 && buffer[end - 2] === 13 && buffer[end - 3] === 10 && buffer[end - 4] === 13 &&
    buffer[end - 5] === 48;
}
