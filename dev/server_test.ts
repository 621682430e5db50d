import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { VERSION } from "../supabase/functions/_relay/platform/version.ts";
import type { ConnectionLimits } from "./connections.ts";
import { createFunctions } from "./functions.ts";
import { listen, onlyFor, type Server } from "./server.ts";

const HALF = "GET / HTTP/1.1\r\nHost: x\r\n";
const WHOLE = `${HALF}\r\n`;

/** Long enough that no test waits for it. */
const NEVER_MS = 600_000;
const PATIENT = { headMs: NEVER_MS, idleMs: NEVER_MS, refusedMs: NEVER_MS, requestMs: NEVER_MS };

function serve(limits: Partial<ConnectionLimits>, handler = () => Promise.resolve(new Response("ok"))): Server {
  return listen("127.0.0.1", 0, handler, { ...PATIENT, ...limits });
}

/** A connection by hand; `rest` is what comes until the server closes it. */
async function connect(url: string, text: string) {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const bytes = new Uint8Array(65536);
  async function read(): Promise<string | null> {
    const count = await tcp.read(bytes).catch(() => null);
    return count === null ? null : new TextDecoder().decode(bytes.subarray(0, count));
  }
  async function rest(): Promise<string> {
    let all = "";
    for (let text = await read(); text !== null; text = await read()) all += text;
    tcp.close();
    return all;
  }
  const write = (text: string) => tcp.write(new TextEncoder().encode(text));
  await write(text);
  return { read, rest, write, close: () => tcp.close() };
}

/** A handler whose answers wait, and which says when it was called. */
function waiting() {
  const gate = Promise.withResolvers<void>();
  let called = Promise.withResolvers<void>();
  return {
    open: gate.resolve,
    async called() {
      await called.promise;
      called = Promise.withResolvers();
    },
    async handler() {
      called.resolve();
      await gate.promise;
      return new Response("late");
    },
  };
}

Deno.test("half a request is closed after its deadline, and one that runs is not", async () => {
  const { open, called, handler } = waiting();
  const server = serve({ headMs: 50 }, handler);
  const running = await connect(server.url, WHOLE);
  await called();
  for (const text of ["", HALF]) {
    const half = await connect(server.url, text);
    equal(await half.rest(), "");
  }
  open();
  match(await running.read() ?? "closed", /^HTTP\/1\.1 200 OK\r\n.*late$/s);
  running.close();
  await server.close();
});

Deno.test("a connection that has had its answer is closed when it waits too long for the next request", async () => {
  const server = serve({ idleMs: 50 });
  const kept = await connect(server.url, WHOLE);
  match(await kept.rest(), /^HTTP\/1\.1 200 OK\r\n.*ok$/s);
  await server.close();
});

Deno.test("at the bound the connection that has waited longest gives way, and one that runs never does", async () => {
  const { open, called, handler } = waiting();
  const server = serve({ maxConnections: 3 }, handler);
  const running = await connect(server.url, WHOLE);
  await called();
  const halves = [];
  for (let made = 0; made < 5; made++) halves.push(await connect(server.url, HALF));
  for (const half of halves.slice(0, 3)) equal(await half.rest(), "");

  // A client that asks at once is served in the place of the next.
  const late = await connect(server.url, WHOLE);
  await called();
  equal(await halves[3].rest(), "");
  const last = await connect(server.url, WHOLE);
  await called();
  equal(await halves[4].rest(), "");

  const refused = await connect(server.url, WHOLE);
  equal(await refused.rest(), "");
  open();
  for (const served of [running, late, last]) {
    match(await served.read() ?? "closed", /late$/);
    served.close();
  }
  await server.close();
});

Deno.test("a request that does not end is closed after its deadline", async () => {
  const ended = Promise.withResolvers<unknown>();
  const flood = new Uint8Array(1024 * 1024);
  const server = serve({ requestMs: 50 }, () => {
    const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(flood);
    return Promise.resolve(new Response(new ReadableStream({ pull, cancel: ended.resolve })));
  });
  // It never reads.
  const client = await connect(server.url, WHOLE);
  await ended.promise;
  client.close();
  await server.close();
});

Deno.test("a connection whose long body was refused is closed after the answer, and one with a short body is kept", async () => {
  const server = serve({ refusedMs: 50 }, () => Promise.resolve(new Response("too much", { status: 413 })));
  for (const length of ["content-length: 4000000", "transfer-encoding: chunked"]) {
    const long = await connect(server.url, `POST / HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
    match(await long.rest(), /^HTTP\/1\.1 413 .*\r\nconnection: close\r\n.*too much$/is);
  }
  const short = await connect(server.url, "POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\n{}");
  match(await short.read() ?? "closed", /too much$/);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await short.write(WHOLE);
  match(await short.read() ?? "closed", /^HTTP\/1\.1 413 /);
  short.close();
  await server.close();
});

Deno.test("of many connections whose long bodies were refused, all but a few are closed at once", async () => {
  const server = serve({}, () => Promise.resolve(new Response("too much", { status: 413 })));
  const long = [];
  for (let made = 0; made < 40; made++) {
    long.push(await connect(server.url, "POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 4000000\r\n\r\n"));
    match(await long[made].read() ?? "closed", /^HTTP\/1\.1 413 /);
  }
  for (const first of long.splice(0, 8)) await first.rest();
  for (const kept of long) kept.close();
  await server.close();
});

Deno.test("a server that closes lets what runs end, and does not wait for who says nothing", async () => {
  const { open, called, handler } = waiting();
  const server = serve({}, handler);
  const half = await connect(server.url, HALF);
  const running = await connect(server.url, WHOLE);
  await called();
  const closed = server.close();
  equal(await half.rest(), "");
  open();
  match(await running.rest(), /late$/);
  await closed;
});

Deno.test("a Host that is none, and a path that is none, are a 400 in JSON, and a line of the log each", async () => {
  const functions = createFunctions((name) => ENVIRONMENT[name]);
  const server = listen("127.0.0.1", 0, functions.fetch);
  const written = console.error;
  const lines: string[] = [];
  console.error = (line) => lines.push(line);
  for (
    const [path, host] of [["/healthz", "a b"], ["/stream", "a:99999"], ["/streams/healthz", "["], ["http://[", "x"]]
  ) {
    const client = await connect(server.url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const [head, body] = (await client.rest()).split("\r\n\r\n");
    match(head, /^HTTP\/1\.1 400 /);
    equal(JSON.parse(body).error.code, "invalid_request");
  }
  console.error = written;
  equal(lines.map((line) => JSON.parse(line).event), Array(4).fill("request_refused"));
  await server.close();
  await functions.close();
});

Deno.test("a server for this machine answers localhost and addresses, and no name that a page could have led here", async () => {
  const answer = onlyFor("relay.test", () => Promise.resolve(new Response("ok")));
  const statusOf = async (host: string) => {
    const response = await answer(new Request(`http://${host}/config.json`));
    await response.body?.cancel();
    return response.status;
  };
  for (const host of ["localhost:54321", "a.localhost", "127.0.0.1:1", "192.168.1.7", "[::1]:1", "RELAY.test:54321"]) {
    equal([host, await statusOf(host)], [host, 200]);
  }
  for (const host of ["evil.example:54321", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost"]) {
    equal([host, await statusOf(host)], [host, 403]);
  }
});

const ENVIRONMENT: Record<string, string> = {
  SUPABASE_URL: "http://127.0.0.1:1",
  SUPABASE_SECRET_KEY: "sb_secret_test",
};

const SERVE = new URL("./serve.ts", import.meta.url).pathname;

Deno.test("a server out of descriptors goes on: it makes room, says so once, and answers", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n 256 && exec "$0" run --quiet -A --no-check "$1"`, Deno.execPath(), SERVE],
    env: { ...ENVIRONMENT, PORT: "0", HOST: "127.0.0.1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  const { url } = JSON.parse(new TextDecoder().decode((await reader.read()).value));
  const halves = [];
  for (let made = 0; made < 400; made++) halves.push(await connect(url, HALF));
  const response = await fetch(`${url}/healthz`);
  equal([response.status, await response.json()], [200, { status: "ok", version: VERSION }]);
  child.kill("SIGTERM");
  equal((await child.status).code, 0);
  for (const half of halves) half.close();
  await reader.cancel();

  const [started, listening, ...lines] = (await log).trim().split("\n");
  match(listening, /^The relay listens at/);
  const events = [started, ...lines].map((line) => JSON.parse(line));
  equal(events.map(({ event }) => event), ["worker_started", "connections_limited", "worker_shutdown"]);
  const { connections } = events[1];
  ok(connections < 256 && connections > 100, `The bound is ${connections}`);
});
