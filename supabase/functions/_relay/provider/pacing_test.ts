import assert from "node:assert/strict";
import { createManualClock, turns as settle } from "../testing/platform.ts";
import { CHEAP_TURN_BYTES, createPacing, TURN_BYTES } from "./pacing.ts";

Deno.test("a generation that reads little waits for no turn, one that reads much does, for the rest of a second", () => {
  const clock = createManualClock();
  const pacing = createPacing(clock);
  const share = pacing.join();
  const isFree = (bytes: number) => share.isFree(bytes);
  for (let read = 0; read < 4; read++) assert.equal(isFree(TURN_BYTES), true);
  assert.equal(isFree(1), false);
  assert.equal(pacing.join().isFree(1), true, "Another generation has its own count");
  clock.advance(999);
  assert.equal(isFree(1), false);
  clock.advance(1);
  assert.equal(isFree(1), true);
  assert.equal(isFree(TURN_BYTES + 1), false, "A large read is read in parts");
});

Deno.test("turns go round for eight milliseconds, then everything else that is ready comes first, without a pause", async () => {
  const clock = createManualClock();
  let worked = 0;
  const pacing = createPacing({ now: () => clock.now() + worked, after: clock.after });
  const done: string[] = [];
  const work = (name: string, ms: number) =>
    pacing.join().run(() => {
      done.push(name);
      worked += ms;
    });
  const all = ["a", "b", "c", "d", "e"].map((name) => work(name, 4));
  await settle();
  assert.deepEqual(done, ["a", "b"]);
  const turnOfLoop = async () => {
    clock.advance(0);
    await settle();
  };
  await turnOfLoop();
  assert.deepEqual(done, ["a", "b", "c", "d"]);
  await turnOfLoop();
  assert.deepEqual(done, ["a", "b", "c", "d", "e"]);
  await Promise.all(all);
});

Deno.test("a turn after a cheap one reads a whole read, one after a dear one a part of it", async () => {
  const clock = createManualClock();
  let worked = 0;
  const share = createPacing({ now: () => clock.now() + worked, after: clock.after }).join();
  const after = async (ms: number) => {
    const done = share.run(() => void (worked += ms));
    await clock.run(0);
    await done;
    return share.turnBytes;
  };
  assert.equal(share.turnBytes, TURN_BYTES);
  assert.deepEqual([await after(1), await after(2), await after(0)], [CHEAP_TURN_BYTES, TURN_BYTES, CHEAP_TURN_BYTES]);
});

Deno.test("what a turn throws is the caller's, and the next turn comes", async () => {
  const clock = createManualClock();
  const pacing = createPacing(clock).join();
  const failure = new Error("broken");
  await assert.rejects(
    pacing.run(() => {
      throw failure;
    }),
    failure,
  );
  const next = pacing.run(() => 7);
  await clock.run(0);
  assert.equal(await next, 7);
});
