/** Attacks that need no story, or none of length: connections, headers, tokens, bodies, and the way to a key. */

import { type Attack, type Attacker, ended, headOf, insist, raw } from "./attack.ts";
import { KEY } from "./hostile.ts";

const MEGABYTE = 1024 * 1024;

/** Fills the request's body, a piece at a time, for as long as the relay takes it. */
async function fill({ count }: Attacker, connection: Deno.TcpConn, piece: Uint8Array, pauseMs: number) {
  for (;; await new Promise((resolve) => setTimeout(resolve, pauseMs))) {
    count("bytes filled", await connection.write(piece));
  }
}

/** Reads the status of the answer. */
async function statusOf({ count }: Attacker, connection: Deno.TcpConn) {
  const bytes = new Uint8Array(1_024);
  const length = await connection.read(bytes);
  count(length === null ? "closed" : `status ${new TextDecoder().decode(bytes.subarray(9, 12))}`);
}

const BODIES = [
  "[".repeat(MEGABYTE) + "]".repeat(MEGABYTE),
  `{"prompt":"x","a":${"[".repeat(MEGABYTE)}`,
  `{${'"prompt":"x",'.repeat(200_000)}"prompt":"x"}`,
  `{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join(",")}}`,
  `{"prompt":"x","parent_id":1${"0".repeat(MEGABYTE)}}`,
  `{"prompt":"${"\\ud800".repeat(100_000)}"}`,
  `{"messages":[${'{"role":"user","content":""},'.repeat(100_000)}{"role":"user","content":"x"}]}`,
  `{"prompt":"x","__proto__":{"prompt":"y"},"constructor":{"prototype":{}}}`,
];

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** A token that the project might have signed, with a key that it does not have. */
const forged = (kid: number) =>
  [{ alg: "ES256", kid: `unknown-${kid}`, typ: "JWT" }, { sub: crypto.randomUUID(), aud: "authenticated", exp: 2e9 }]
    .map((part) => btoa(JSON.stringify(part)).replaceAll("=", "")).join(".") + "." + "A".repeat(86);

/** A bot of the attacker's whose provider quotes the key, as a sharee and its owner see it. */
const quotes = (name: string, key = KEY) => async (attacker: Attacker) => {
  await attacker.provider(name);
  await attacker.sql("update bots set access_key = $1 where id = $2", key, attacker.bot_id);
  await insist(() => attacker.start({ prompt: "x" }));
};

const QUOTED: Attack["struck"] = [[/calls of "echo/, 1], [/status 200/, 1]];

export const REQUEST_ATTACKS: Attack[] = [
  {
    name: "Half a request on each of 1,000 connections",
    kind: "connections",
    struck: [[/requests begun/, 1_000]],
    async run(attacker) {
      await attacker.times(1_000, () => raw(attacker, "POST /functions/v1/stream HTTP/1.1\r\nhost: relay\r\n"));
    },
  },
  {
    name: "Headers that come a byte a second, on 200 connections",
    kind: "connections",
    struck: [[/requests begun/, 200], [/bytes filled/, 200]],
    run: (attacker) =>
      attacker.times(200, async () => {
        const connection = await raw(attacker, headOf(attacker, "GET", "/healthz"));
        await fill(attacker, connection, new Uint8Array([120]), 1_000);
      }),
  },
  {
    name: "200 bodies that never end",
    kind: "connections",
    struck: [[/requests begun/, 200], [/bytes filled/, 200 * 65_536], [/status (429|503)/, 20]],
    run: (attacker) =>
      attacker.times(200, async () => {
        const connection = await raw(attacker, headOf(attacker, "POST", "/stream", "content-length: 4000000\r\n\r\n"));
        await Promise.all([
          statusOf(attacker, connection),
          fill(attacker, connection, new Uint8Array(65_536).fill(32), 100),
        ]);
      }),
  },
  {
    name: "Readers that never read: ten of a story, three of answers",
    kind: "connections",
    struck: [[/requests begun/, 13], [/calls of "long"/, 1], [/bytes of "long"/, 65_536]],
    async run(attacker) {
      await attacker.provider("long");
      const { streamId } = await ended(attacker, MEGABYTE);
      const body = JSON.stringify({ prompt: "x", on_disconnect: "continue" });
      const more = `content-length: ${body.length}\r\n\r\n${body}`;
      await attacker.times(3, () => raw(attacker, headOf(attacker, "POST", "/stream", more)));
      await attacker.times(10, () => raw(attacker, headOf(attacker, "GET", `/stream/${streamId}`, "\r\n")));
    },
  },
  {
    name: "Connections that come and go",
    kind: "connections",
    struck: [[/connections/, 100]],
    run: (attacker) => attacker.flood(20, async () => (await attacker.connect()).close()),
  },
  {
    name: "GET and HEAD of /healthz?ready without a token",
    kind: "connections",
    struck: [[/status 200/, 20]],
    run: ({ worker, flood, count }) =>
      flood(20, async (index) => {
        const response = await fetch(`${worker}/healthz?ready`, { method: index % 2 ? "HEAD" : "GET" });
        count(`status ${response.status}`);
        await response.body?.cancel();
      }),
  },
  {
    name: "A base URL changed without the key",
    kind: "keys",
    struck: [[/calls of "moved"/, 1]],
    async run(attacker) {
      await attacker.provider("kind");
      await attacker.sql(
        "update bots set access_path = $1 where id = $2",
        attacker.providerUrl("moved").replace("127.0.0.1", "localhost"),
        attacker.bot_id,
      );
      await insist(() => attacker.start({ prompt: "x" }));
      if (attacker.heads("moved").some((head) => head.includes(KEY))) attacker.wrong("the key went to another origin");
    },
  },
  { name: "A provider that quotes the key", kind: "keys", struck: QUOTED, run: quotes("echo") },
  { name: "A provider that quotes the ends of the key", kind: "keys", struck: QUOTED, run: quotes("echo ends") },
  { name: "A provider that quotes the key within a stream", kind: "keys", struck: QUOTED, run: quotes("echo later") },
  { name: "A key with a line break", kind: "keys", struck: QUOTED, run: quotes("echo ends", `${KEY}\n`) },
  {
    name: "A key with white space and a scheme before it",
    kind: "keys",
    struck: QUOTED,
    run: quotes("echo later", `\n\t Bearer ${KEY}\r\n `),
  },
  {
    name: "Tokens with unknown keys, and giant ones",
    kind: "requests",
    struck: [[/status 401/, 10]],
    run: (attacker) =>
      attacker.flood(20, (index) => attacker.ask("/stream/x", bearer(index % 2 ? forged(index) : "a".repeat(16_000)))),
  },
  {
    name: "Bodies that are hard to parse",
    kind: "requests",
    struck: [[/status 400/, 2]],
    run: (attacker) =>
      attacker.flood(8, (index) => attacker.ask("/stream", { method: "POST", body: BODIES[index % BODIES.length] })),
  },
  {
    name: "Preflights with long lists of headers, and paths of 8 KB",
    kind: "requests",
    struck: [[/status 204/, 10]],
    run: (attacker) =>
      attacker.flood(20, (index) =>
        attacker.ask(index % 2 ? "/stream" : `/stream/${"x".repeat(8_000)}`, {
          method: "OPTIONS",
          headers: { origin: "https://a.example", "access-control-request-headers": "x-a,".repeat(2_000) },
        })),
  },
];
