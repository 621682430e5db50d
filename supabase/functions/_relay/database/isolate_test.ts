import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { away } from "../testing/database.ts";
import { batchesOf, inLanes, isolate } from "./isolate.ts";

const NUMBERS = Array.from({ length: 37 }, (_, index) => index);

Deno.test("isolate() calls for all once, and for halves where that fails, down to those that fail", async () => {
  for (const bad of [[], [0], [36], [17], [3, 4], [0, 18, 36], NUMBERS]) {
    const done: number[] = [];
    const refused: [number, unknown][] = [];
    const cause = new TypeError("Cannot take it");
    let calls = 0;
    await isolate(NUMBERS, (numbers) => {
      calls++;
      if (numbers.some((number) => bad.includes(number))) return Promise.reject(cause);
      done.push(...numbers);
      return Promise.resolve();
    }, (number, why) => refused.push([number, why]));
    assert.deepEqual(refused, bad.map((number) => [number, cause]));
    assert.deepEqual(done, NUMBERS.filter((number) => !bad.includes(number)));
    assert.ok(calls <= 1 + 2 * bad.length * Math.ceil(Math.log2(NUMBERS.length)), `${calls} calls`);
  }
});

Deno.test("isolate() gives up where the database is away, without further calls", async () => {
  let calls = 0;
  const call = (numbers: number[]) => Promise.reject(++calls === 1 || numbers.includes(0) ? new Error("bad") : away());
  const refused: number[] = [];
  await assert.rejects(isolate([0, 1, 2, 3], call, (number) => refused.push(number)), { code: "unavailable" });
  // All, 0 and 1, 0, 1.
  assert.deepEqual([calls, refused], [4, [0]]);
});

Deno.test("isolate() finds the item that overloads the database, and gives up soon where that is overloaded by itself", async () => {
  const cause = new RelayError("overloaded");
  const attempt = async (items: number[], bad: number[]) => {
    let calls = 0;
    const refused: number[] = [];
    const call = (numbers: number[]) => {
      calls++;
      return numbers.some((number) => bad.includes(number)) ? Promise.reject(cause) : Promise.resolve();
    };
    const failure = await isolate(items, call, (number) => refused.push(number)).catch((error) => error);
    return { calls, refused, failure };
  };
  const many = Array.from({ length: 250 }, (_, index) => index);
  const { refused, failure } = await attempt(many, [249]);
  assert.deepEqual([refused, failure], [[249], undefined]);
  assert.deepEqual(await attempt(many, many), { calls: 11, refused: [], failure: cause });
  assert.deepEqual(await attempt([1, 2], [1, 2]), { calls: 3, refused: [], failure: cause });
});

Deno.test("isolate() makes one call for no items, and blames none of them", async () => {
  let calls = 0;
  await isolate<number>([], () => Promise.reject(new Error(`${++calls}`)), () => assert.fail());
  assert.equal(calls, 1);
});

Deno.test("inLanes() does two at once, all of them, and says the first failure at the end", async () => {
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const begun: number[] = [];
  const all = inLanes([0, 1, 2, 3], (number) => {
    begun.push(number);
    return gates[number].promise;
  });
  let settled = false;
  const failed = assert.rejects(all.finally(() => settled = true), { message: "1" });
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(begun, [0, 1]);
  gates[1].reject(new Error("1"));
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  gates[2].reject(new Error("2"));
  gates[3].resolve();
  await turn();
  assert.deepEqual([begun, settled], [[0, 1, 2, 3], false]);
  gates[0].resolve();
  await failed;
});

Deno.test("batchesOf() keeps to count and size; a larger item stands alone, and no items make no batch", () => {
  const sizes = [1, 2, 3, 9, 0, 0, 4, 1, 1, 1];
  assert.deepEqual(batchesOf(sizes, 3, 5, (size) => size), [[1, 2], [3], [9], [0, 0, 4], [1, 1, 1]]);
  assert.deepEqual(batchesOf(sizes, 4), [[1, 2, 3, 9], [0, 0, 4, 1], [1, 1]]);
  assert.deepEqual(batchesOf([], 4), []);
});
