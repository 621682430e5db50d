/** The standalone server's connections. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../dev/connections.ts";
import type { Limit } from "./limit_stack.ts";

const HALF = "GET /healthz HTTP/1.1\r\nHost: x\r\n";

const { headMs, maxConnections, refusedMs } = DEFAULT_LIMITS;

export const serverLimits: Limit[] = [{
  title: `a connection may take ${headMs} ms for the head of its first request`,
  async run({ worker }) {
    const half = await connect(worker.url, HALF);
    equal(await read(half), "");
    half.close();
  },
}, {
  title: `a connection whose long body was refused is closed after ${refusedMs} ms`,
  async run({ worker }) {
    const head = "POST /functions/v1/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    const refused = await connect(worker.url, `${head}Content-Length: 4000000\r\n\r\n`);
    let answer = "";
    for (let text = await read(refused); text !== ""; text = await read(refused)) answer += text;
    match(answer, /^HTTP\/1\.1 401 .*\r\nconnection: close\r\n.*unauthenticated/is);
    refused.close();
  },
}, {
  title: `MAX_CONNECTIONS, ${maxConnections} by default, are open: the one that has waited longest gives way`,
  async run({ stack }) {
    const worker = await stack.worker({ MAX_CONNECTIONS: "20" });
    const halves = [];
    for (let made = 0; made < 30; made++) halves.push(await connect(worker.url, HALF));
    for (const half of halves.slice(0, 10)) equal(await read(half), "");
    const asking = await connect(worker.url, `${HALF}\r\n`);
    match(await read(asking), /^HTTP\/1\.1 200 OK\r\n/);
    for (const connection of [asking, ...halves]) connection.close();
    await worker.stop();
  },
}];

async function connect(url: string, text: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(text));
  return connection;
}

/** What comes next; nothing: the server has closed it. */
async function read(connection: Deno.TcpConn): Promise<string> {
  const bytes = new Uint8Array(65536);
  const count = await connection.read(bytes).catch(() => null);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
}
