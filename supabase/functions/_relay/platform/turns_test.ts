import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { createManualClock, turns as settle, withMaps } from "../testing/platform.ts";
import { createTurns } from "./turns.ts";

/** Turns, and work that goes on until it is let go. */
function make(limits = {}) {
  const clock = createManualClock();
  const [turns, [users]] = withMaps(() =>
    createTurns(clock, {
      ...{
        atOnce: 2,
        atOnceForUser: 2,
        keptFree: 0,
        waiting: 100,
        waitingForUser: 10,
        waitMs: 1_000,
        waitForOwnMs: 3_000,
      },
      userFull: () => new RelayError("rate_limited"),
      late: () => new RelayError("overloaded"),
      ...limits,
    })
  );
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  /** What came of it, once something did. */
  const results = new Map<string, string>();
  function run(userId: string, name: string) {
    const work = async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return "done";
    };
    turns.run(userId, work).then((result) => results.set(name, result), ({ code }) => results.set(name, code));
  }
  async function end(name: string) {
    ends.get(name)!();
    await settle();
  }
  return { clock, turns, users, begun, results, run, end };
}

Deno.test("users take turns, however much of one's waits", async () => {
  const { begun, clock, end, results, run, users } = make({ atOnce: 1 });
  for (const name of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) run(name[0], name);
  await settle();
  for (const name of ["a1", "b1", "c1", "a2", "b2", "a3"]) await end(name);
  assert.deepEqual(begun, ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
  await end("a4");
  assert.equal(results.size, 7);
  assert.deepEqual([clock.pending, users.size], [0, 0]);
});

Deno.test("a user has so many turns at once, and the others the rest", async () => {
  const { begun, end, run } = make({ atOnce: 3, atOnceForUser: 2 });
  for (const name of ["a1", "a2", "a3", "b1", "b2"]) run(name[0], name);
  await settle();
  assert.deepEqual(begun, ["a1", "a2", "b1"]);
  // It is a's turn no sooner than one of a's ends.
  await end("b1");
  assert.deepEqual(begun.slice(3), ["b2"]);
  await end("a2");
  assert.deepEqual(begun.slice(4), ["a3"]);
});

Deno.test("what is kept free is for users without a turn, however slow the others are", async () => {
  const { begun, end, run } = make({ atOnce: 5, atOnceForUser: 4, keptFree: 2 });
  for (const name of ["a1", "a2", "a3", "b1", "b2", "a4", "c1", "d1"]) run(name[0], name);
  await settle();
  assert.deepEqual(begun, ["a1", "a2", "a3", "b1", "c1"]);
  for (const name of ["b1", "c1", "d1"]) await end(name);
  assert.deepEqual(begun.slice(5), ["d1", "b2"]);
  // b and two of a's are left, as many as may run with two kept free.
  await end("a1");
  assert.deepEqual(begun.slice(7), []);
  await end("b2");
  assert.deepEqual(begun.slice(7), ["a4"]);
});

Deno.test("an end lets all begin that now may", async () => {
  const { begun, end, run } = make({ atOnce: 3, atOnceForUser: 3, keptFree: 1 });
  for (const name of ["a1", "b1", "b2", "a2"]) run(name[0], name);
  await settle();
  assert.deepEqual(begun, ["a1", "b1"]);
  // b's second takes the place of a's, and a has none any more.
  await end("a1");
  assert.deepEqual(begun.slice(2), ["b2", "a2"]);
});

Deno.test("work that fails gives its turn back, and rejects as it did", async () => {
  const { turns } = make({ atOnce: 1 });
  for (let round = 0; round < 3; round++) {
    await assert.rejects(turns.run("a", () => Promise.reject(new TypeError("broken"))), TypeError);
  }
  assert.equal(await turns.run("a", () => Promise.resolve(1)), 1);
});

Deno.test("work that has waited too long is late, and takes no turn any more", async () => {
  const { begun, clock, end, results, run, users } = make({ atOnce: 1 });
  run("a", "a1");
  run("b", "b1");
  await clock.run(999);
  run("c", "c1");
  assert.deepEqual([...results], []);
  await clock.run(1);
  assert.deepEqual([...results], [["b1", "overloaded"]]);
  assert.deepEqual([...users.keys()].sort(), ["a", "c"]);
  await end("a1");
  assert.deepEqual(begun, ["a1", "c1"]);
  await end("c1");
  assert.equal(clock.pending, 0);
});

Deno.test("a bounded number of a user's and of all may wait; one more is refused at once", async () => {
  const { clock, end, results, run } = make({ atOnce: 1, waitingForUser: 2, waiting: 3 });
  // The places of those that have begun, and of those that were late, are free again.
  for (const ends of ["done", "overloaded", "done"]) {
    results.clear();
    for (const name of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) run(name[0], name);
    await settle();
    assert.deepEqual([...results], [["a4", "rate_limited"], ["b2", "overloaded"], ["c1", "overloaded"]]);
    if (ends === "overloaded") await clock.run(1_000);
    for (const name of ends === "done" ? ["a1", "b1", "a2", "a3"] : ["a1"]) await end(name);
    assert.deepEqual([...results.values()].slice(3).sort(), ["done", ends, ends, ends]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a user who waits for their own work waits longer than one who waits for others", async () => {
  const { clock, results, run } = make({ atOnce: 2, atOnceForUser: 1 });
  for (const name of ["a1", "b1", "a2", "c1"]) run(name[0], name);
  await clock.run(1_000);
  assert.deepEqual([...results], [["c1", "overloaded"]]);
  await clock.run(1_999);
  assert.equal(results.size, 1);
  await clock.run(1);
  assert.deepEqual([...results.keys()], ["c1", "a2"]);
});
