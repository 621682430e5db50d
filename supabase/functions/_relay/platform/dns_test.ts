import assert from "node:assert/strict";
import { resolveDns } from "./dns.ts";

type Records = Record<string, () => Promise<string[]>>;

/** Puts another resolver under the runtime's name while `work` runs, and keeps its questions. */
async function withResolver(records: Records, work: (asked: unknown[][]) => Promise<void>): Promise<void> {
  const own = Deno.resolveDns;
  const asked: unknown[][] = [];
  Deno.resolveDns = ((host: string, type: string, options: unknown) => {
    asked.push([host, type, options]);
    return records[type]();
  }) as typeof Deno.resolveDns;
  try {
    await work(asked);
  } finally {
    Deno.resolveDns = own;
  }
}

const notFound = () => Promise.reject(new Deno.errors.NotFound("no records"));
const { signal } = new AbortController();

Deno.test("resolveDns() asks for both kinds of addresses, with the signal, and gives all", async () => {
  await withResolver({
    A: () => Promise.resolve(["93.184.215.14", "93.184.215.15"]),
    AAAA: () => Promise.resolve(["2606:2800::1"]),
  }, async (asked) => {
    assert.deepEqual(await resolveDns("api.example.com", signal), ["93.184.215.14", "93.184.215.15", "2606:2800::1"]);
    assert.deepEqual(asked, [["api.example.com", "A", { signal }], ["api.example.com", "AAAA", { signal }]]);
  });
});

Deno.test("resolveDns() is content with one kind", async () => {
  const a = () => Promise.resolve(["93.184.215.14"]);
  const aaaa = () => Promise.resolve(["2606:2800::1"]);
  await withResolver({ A: a, AAAA: notFound }, async () => {
    assert.deepEqual(await resolveDns("x.example.com", signal), ["93.184.215.14"]);
  });
  await withResolver({ A: notFound, AAAA: aaaa }, async () => {
    assert.deepEqual(await resolveDns("x.example.com", signal), ["2606:2800::1"]);
  });
});

Deno.test("resolveDns() gives nothing for a name without addresses", async () => {
  await withResolver({ A: notFound, AAAA: notFound }, async () => {
    assert.deepEqual(await resolveDns("x.example.com", signal), []);
  });
});

Deno.test("resolveDns() rejects if either kind cannot be told", async () => {
  const failure = new Error("server failure");
  const fails = () => Promise.reject(failure);
  const a = () => Promise.resolve(["93.184.215.14"]);
  for (const records of [{ A: a, AAAA: fails }, { A: fails, AAAA: a }]) {
    await withResolver(records, async () => {
      await assert.rejects(resolveDns("x.example.com", signal), failure);
    });
  }
});
