import { deepStrictEqual as equal, ok, throws } from "node:assert/strict";
import {
  computeFor,
  FULL,
  pricesOf,
  projectsFor,
  ratesOf,
  storiesOfAnIsolate,
  workersOf,
  type Workload,
} from "./model.ts";
import { COMPUTES } from "./platform.ts";
import { COSTS } from "./testing.ts";

const LOAD: Workload = {
  concurrent: 1_000,
  tokensPerSecond: 50,
  storySeconds: 50,
  beatMs: 1_000,
  bytesPerToken: 5,
  workers: 10,
};

function near(value: number, expected: number) {
  ok(Math.abs(value - expected) < 1e-9 * Math.abs(expected), `${value}, expected ${expected}`);
}

Deno.test("beats go by workers, rows by generations, begins by stories", () => {
  const { tokens, beats, rows, begins } = ratesOf(LOAD, COSTS);
  equal([tokens, beats, rows, begins], [50_000, 10, 1_000, 20]);
});

Deno.test("a longer beat divides beats and rows, and leaves the relay's CPU and the readers alone", () => {
  const [one, five] = [1_000, 5_000].map((beatMs) => ratesOf({ ...LOAD, beatMs }, COSTS));
  near(five.beats, one.beats / 5);
  near(five.rows, one.rows / 5);
  equal([five.relayCpu, five.client], [one.relayCpu, one.client]);
  ok(five.wal < one.wal && five.databaseCpu < one.databaseCpu);
});

Deno.test("each sum is made of its pieces", () => {
  const rates = ratesOf(LOAD, COSTS);
  near(rates.relayCpu, 50_000 * 60e-6 + 1_000 * 200e-6 + 20 * 5e-3);
  near(rates.databaseCpu, 1_000 * (100e-6 + 100 * 1e-7) + 20 * 4e-3 + 1_000 * 50e-6);
  near(rates.wal, 1_000 * (600 + 150) + 250_000 + 20 * 7_000);
  near(rates.body, 1_000 * 90 + 250_000 + 20 * 750);
  near(rates.client, 50_000 * 40);
  near(rates.callsAtOnce, (1_000 * (0.2 + 100 * 2e-4) + 20 * 5) / 1_000);
});

Deno.test("what never ends begins nothing, and leaves nothing to tidy away", () => {
  const rates = ratesOf({ ...LOAD, storySeconds: Infinity }, COSTS);
  equal(rates.begins, 0);
  near(rates.wal, 1_000 * 600 + 250_000);
});

Deno.test("the same generations in more workers make smaller beats, which cost the database less", () => {
  const few = ratesOf(LOAD, COSTS);
  const many = ratesOf({ ...LOAD, workers: 100 }, COSTS);
  ok(many.databaseCpu < few.databaseCpu && many.beats > few.beats);
});

Deno.test("workers are as many as CPU or memory asks for, whichever asks for more", () => {
  equal(workersOf({ concurrent: 10 }, 7, COSTS), {
    byCpu: Math.ceil(7 / FULL),
    byMemory: 1,
    needed: Math.ceil(7 / FULL),
  });
  // 256 MB less the worker's own 100 hold 780 streams of 0.2 MB.
  equal(workersOf({ concurrent: 1_600 }, 0.1, COSTS), { byCpu: 1, byMemory: 3, needed: 3 });
});

Deno.test("an isolate tells the whole stories that its CPU lasts for, less what its start took", () => {
  const story = 5e-3 + 50 * (200e-6 + 50 * 60e-6);
  const stories = storiesOfAnIsolate(LOAD, COSTS, 2, 0.2);
  ok(stories * story <= 1.8 && (stories + 1) * story > 1.8);
  equal(storiesOfAnIsolate(LOAD, COSTS, 0.1, 0.2), 0);
});

Deno.test("the smallest compute that has the cores and the disk is taken", () => {
  const rates = { ...ratesOf(LOAD, COSTS), databaseCpu: 0.1, wal: 1e6 };
  equal(computeFor(rates), COMPUTES[0]);
  equal(computeFor({ ...rates, databaseCpu: 2.5 })?.name, "XL");
  equal(computeFor({ ...rates, wal: 100e6 })?.name, "XL");
  equal(computeFor({ ...rates, databaseCpu: 50 }), null);
});

Deno.test("what one database cannot carry is shared among projects", () => {
  const { workers: _, ...load } = LOAD;
  equal(projectsFor(load, COSTS), 1);
  const large = { ...load, concurrent: 400_000 };
  const projects = projectsFor(large, COSTS);
  ok(projects > 1);
  ok(computeFor(ratesOf({ ...large, concurrent: 400_000 / projects }, COSTS)));
  equal(computeFor(ratesOf({ ...large, concurrent: 400_000 / (projects - 1) }, COSTS)), null);
  throws(() => projectsFor({ ...load, concurrent: 1e9 }, COSTS), RangeError);
});

Deno.test("what is included is free, and packages are begun whole", () => {
  const [large] = COMPUTES;
  const rates = { ...ratesOf(LOAD, COSTS), begins: 0, client: 0, wal: 0 };
  equal(pricesOf(rates, large, 1), { invocations: 0, egress: 0, database: 25 + 110 - 10, disk: 0 });
  // 730 hours of one begin a second are 2,628,000 invocations.
  equal(pricesOf({ ...rates, begins: 1 }, large, 2), { invocations: 2, egress: 0, database: 25 + 220 - 10, disk: 0 });
});
