import assert from "node:assert/strict";
import { createManualClock, turns as settle } from "../testing/platform.ts";
import { createTurns, TURN_BYTES } from "./turns.ts";

Deno.test("a generation that reads little waits for no turn, one that reads much does, for the rest of a second", () => {
  const clock = createManualClock();
  const turns = createTurns(clock);
  const isFree = turns.join();
  for (let read = 0; read < 4; read++) assert.equal(isFree(TURN_BYTES), true);
  assert.equal(isFree(1), false);
  assert.equal(turns.join()(1), true, "Another generation has its own count");
  clock.advance(999);
  assert.equal(isFree(1), false);
  clock.advance(1);
  assert.equal(isFree(1), true);
  assert.equal(isFree(TURN_BYTES + 1), false, "A large read is read in parts");
});

Deno.test("turns go round, for five milliseconds, and then everything else has as much time", async () => {
  const clock = createManualClock();
  let worked = 0;
  const turns = createTurns({ now: () => clock.now() + worked, after: clock.after });
  const done: string[] = [];
  const work = (name: string, ms: number) =>
    turns.run(() => {
      done.push(name);
      worked += ms;
    });
  const all = ["a", "b", "c", "d"].map((name) => work(name, 3));
  await settle();
  assert.deepEqual(done, ["a", "b"]);
  await clock.run(5);
  assert.deepEqual(done, ["a", "b"]);
  await clock.run(1);
  assert.deepEqual(done, ["a", "b", "c", "d"]);
  await Promise.all(all);
  void work("e", 0);
  await clock.run(5);
  assert.equal(done.length, 4);
  await clock.run(1);
  assert.equal(done.length, 5);
});

Deno.test("what a turn throws is the caller's, and the next turn comes", async () => {
  const clock = createManualClock();
  const turns = createTurns(clock);
  const failure = new Error("broken");
  await assert.rejects(
    turns.run(() => {
      throw failure;
    }),
    failure,
  );
  const next = turns.run(() => 7);
  await clock.run(1);
  assert.equal(await next, 7);
});
