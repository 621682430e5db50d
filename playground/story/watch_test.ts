/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { startWatch } from "./watch.ts";

/** A watch in a world where time passes by hand. */
function watched({ mayLook = (): boolean => true, look = () => Promise.resolve() } = {}) {
  let time = 0;
  let due: { at: number; callback: () => void } | null = null;
  const looks: number[] = [];
  const watch = startWatch({
    look() {
      looks.push(time);
      return look();
    },
    mayLook,
    after(ms, callback) {
      const own = due = { at: time + ms, callback };
      return () => {
        if (due === own) due = null;
      };
    },
    now: () => time,
    random: () => 0.5,
  });
  async function pass(ms: number) {
    const end = time + ms;
    while (due && due.at <= end) {
      const { at, callback } = due;
      due = null;
      time = at;
      callback();
      await new Promise((resolve) => setTimeout(resolve));
    }
    time = end;
  }
  return { watch, looks, pass };
}

Deno.test("a watch looks ever more rarely, at most once a minute in the end", async () => {
  const { looks, pass } = watched();
  await pass(60_000);
  equal(looks, [4_000, 10_000, 19_000, 32_500, 52_750]);
  await pass(3_600_000);
  ok(looks.length < 70, `${looks.length} looks in an hour`);
  equal(looks.at(-1)! - looks.at(-2)!, 60_000);
});

Deno.test("what the user does brings the next look forward, but not while the last one is recent", async () => {
  const { watch, looks, pass } = watched();
  await pass(32_500);
  watch.wake();
  await pass(14_000);
  equal(looks.length, 4);
  await pass(1_000);
  watch.wake();
  await pass(4_000);
  equal(looks.at(-1), 51_500);
  for (let second = 0; second < 3_600; second++) {
    watch.wake();
    await pass(1_000);
  }
  ok(looks.length < 360, `${looks.length} looks in an hour of typing`);
});

Deno.test("a watch does not look while it may not, and goes on after a failure", async () => {
  let may = false;
  const { looks, pass } = watched({ mayLook: () => may, look: () => Promise.reject(new Error("offline")) });
  await pass(600_000);
  equal(looks, []);
  may = true;
  await pass(120_000);
  equal(looks.length, 2);
});
