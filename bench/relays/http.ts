/** Requests as bytes. */

const encoder = new TextEncoder();

/** A POST of JSON on a connection that stays open. */
export function post(
  port: number,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): { port: number; bytes: Uint8Array } {
  const json = JSON.stringify(body);
  const all = {
    Host: `127.0.0.1:${port}`,
    "Content-Type": "application/json",
    Accept: "text/event-stream",
    ...headers,
    "Content-Length": String(encoder.encode(json).length),
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return { port, bytes: encoder.encode(`POST ${path} HTTP/1.1\r\n${head.join("")}\r\n${json}`) };
}

/** What a client of a provider asks for. */
export const COMPLETION = {
  model: "gpt-4o-mini",
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: "user", content: "Tell me a story about a lighthouse." }],
};
