/** A client that stops reading at the headers. It speaks to the socket itself, for fetch reads ahead. */

import { must, within } from "./experiment.ts";
import type { Teller } from "./lab.ts";

/** A connection whose bytes stay where they are. */
export interface Stalled {
  /** What has waited for it, read at last. */
  rest(): Promise<string>;
  close(): void;
}

/** Begins a story and takes nothing of it. */
export async function connectAndStopReading(url: string, { streamId, token }: Teller): Promise<Stalled> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({ stream_id: streamId, prompt: streamId });
  const request = [
    "POST /stream HTTP/1.1",
    `host: ${hostname}:${port}`,
    `authorization: Bearer ${token}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    // Else the end of the answer is not the end of the connection.
    "connection: close",
    "",
    body,
  ].join("\r\n");
  const bytes = new TextEncoder().encode(request);
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(bytes.subarray(sent));
  }
  const head = new Uint8Array(128);
  const count = await connection.read(head);
  const status = new TextDecoder().decode(head.subarray(0, count ?? 0));
  must(status.startsWith("HTTP/1.1 200"), `stream ${streamId} began with ${status.split("\r\n")[0]}`);
  return {
    rest: () => within(10_000, "Reading at last", readAll(connection)),
    close() {
      try {
        connection.close();
      } catch {
        // Read to its end.
      }
    },
  };
}

async function readAll(connection: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}
