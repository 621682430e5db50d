import assert from "node:assert/strict";
import { resolveDns } from "./dns.ts";

const notFound = () => Promise.reject(new Deno.errors.NotFound("no records"));
const failing = () => Promise.reject(new Error("server failure"));
const { signal } = new AbortController();

/** What comes of these answers of the runtime's resolver, and its questions. */
async function ask(A: () => Promise<string[]>, AAAA: () => Promise<string[]>) {
  const own = Deno.resolveDns;
  const asked: unknown[][] = [];
  Deno.resolveDns = ((host: string, type: "A" | "AAAA", options: unknown) => {
    asked.push([host, type, options]);
    return { A, AAAA }[type]();
  }) as typeof Deno.resolveDns;
  try {
    return { asked, found: await resolveDns("api.example.com", signal) };
  } finally {
    Deno.resolveDns = own;
  }
}

Deno.test("resolveDns() asks for both kinds of addresses, with the signal, and gives what there is", async () => {
  const four = () => Promise.resolve(["93.184.215.14", "93.184.215.15"]);
  const six = () => Promise.resolve(["2606:2800::1"]);
  const { asked, found } = await ask(four, six);
  assert.deepEqual(found, ["93.184.215.14", "93.184.215.15", "2606:2800::1"]);
  assert.deepEqual(asked, ["A", "AAAA"].map((type) => ["api.example.com", type, { signal }]));
  assert.deepEqual((await ask(four, notFound)).found, ["93.184.215.14", "93.184.215.15"]);
  assert.deepEqual((await ask(notFound, six)).found, ["2606:2800::1"]);
  assert.deepEqual((await ask(notFound, notFound)).found, []);
  for (const [a, aaaa] of [[four, failing], [failing, four]]) {
    await assert.rejects(ask(a, aaaa), { message: "server failure" });
  }
});
