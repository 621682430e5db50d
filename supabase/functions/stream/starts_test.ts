import assert from "node:assert/strict";
import { RelayError } from "../_relay/protocol/errors.ts";
import {
  MAX_REFUSED_STARTS,
  MAX_REFUSED_USERS,
  MAX_STARTS_IN_FLIGHT,
  MAX_WAITING_STARTS,
  MAX_WAITING_STARTS_OF_ALL,
  START_WAIT_MS,
} from "../_relay/protocol/limits.ts";
import { makePlatform, turns, withMaps } from "../_relay/testing/platform.ts";
import { createRefusedStarts, createStarts } from "./starts.ts";

function make(rateLimitPerMinute = 5) {
  const platform = makePlatform({ configuration: { rateLimitPerMinute } });
  const starts = createStarts(platform);
  /** How a start ended: "started", or with a code. */
  const start = (userId: string, work: () => Promise<unknown> = () => Promise.resolve()) =>
    starts.run(userId, work).then(() => "started", ({ code, retryAfter }) => ({ code, retryAfter }));
  return { ...platform, start };
}

const refusedWith = (error: unknown) => () => Promise.reject(error);
const NOT_FOUND = new RelayError("bot_not_found");

Deno.test(`${MAX_STARTS_IN_FLIGHT} starts of a user are under way at once, ${MAX_WAITING_STARTS} wait, no other user does`, async () => {
  const { clock, start } = make();
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  const results: unknown[] = [];
  for (let index = 0; index < MAX_STARTS_IN_FLIGHT + MAX_WAITING_STARTS + 1; index++) {
    start("user-1", () => {
      begun++;
      return promise;
    }).then((result) => results.push(result));
  }
  await turns();
  assert.deepEqual([begun, results], [MAX_STARTS_IN_FLIGHT, [{ code: "rate_limited", retryAfter: 1 }]]);
  assert.equal(await start("user-2"), "started");
  resolve();
  await clock.run(0);
  await clock.run(0);
  assert.equal(begun, MAX_STARTS_IN_FLIGHT + MAX_WAITING_STARTS);
  assert.equal(clock.pending, 0);
});

Deno.test(`${MAX_WAITING_STARTS_OF_ALL} starts of all users wait, and one more is overloaded`, async () => {
  const { clock, start } = make();
  const { promise, resolve } = Promise.withResolvers<void>();
  const ofUser = MAX_STARTS_IN_FLIGHT + MAX_WAITING_STARTS;
  const users = MAX_WAITING_STARTS_OF_ALL / MAX_WAITING_STARTS;
  const all = Array.from({ length: users * ofUser }, (_, index) => start(`user-${index % users}`, () => promise));
  for (let index = 0; index < MAX_STARTS_IN_FLIGHT; index++) all.push(start("user", () => promise));
  assert.deepEqual(await start("user"), { code: "overloaded", retryAfter: 5 });
  resolve();
  await clock.run(0);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["started"]));
});

Deno.test(`a start whose turn does not come within ${START_WAIT_MS} ms is overloaded, which counts as no refusal`, async () => {
  const { clock, start } = make();
  const { promise, resolve } = Promise.withResolvers<void>();
  for (let index = 0; index < MAX_STARTS_IN_FLIGHT; index++) start("user-1", () => promise);
  const late = start("user-1");
  await clock.run(START_WAIT_MS);
  assert.deepEqual(await late, { code: "overloaded", retryAfter: 5 });
  resolve();
  await turns();
});

Deno.test(`after ${MAX_REFUSED_STARTS} refused starts the user's next are refused until a minute has passed`, async () => {
  const { clock, start } = make();
  for (let index = 0; index < MAX_REFUSED_STARTS; index++) {
    assert.deepEqual(await start("user-1", refusedWith(NOT_FOUND)), { code: "bot_not_found", retryAfter: undefined });
    clock.advance(100);
  }
  const begins = () => assert.fail("The work was begun");
  const seconds = 60 - MAX_REFUSED_STARTS / 10;
  assert.deepEqual(await start("user-1", begins), { code: "rate_limited", retryAfter: seconds });
  assert.equal(await start("user-2"), "started");
  clock.advance(seconds * 1_000 - 1);
  assert.deepEqual(await start("user-1", begins), { code: "rate_limited", retryAfter: 0.001 });
  clock.advance(1);
  assert.equal(await start("user-1"), "started");
});

Deno.test("a failure of the relay's is no refused start, and neither is a start that went well", async () => {
  const { start } = make();
  const failures = [new RelayError("unavailable"), new RelayError("overloaded"), new TypeError("broken")];
  for (let index = 0; index < 2 * MAX_REFUSED_STARTS; index++) {
    await start("user-1", refusedWith(failures[index % failures.length]));
    await start("user-1");
  }
  assert.equal(await start("user-1"), "started");
});

Deno.test("where more may start in a minute, as many may be refused", async () => {
  const { start } = make(2 * MAX_REFUSED_STARTS);
  for (let index = 0; index < 2 * MAX_REFUSED_STARTS; index++) {
    assert.deepEqual(await start("user-1", refusedWith(NOT_FOUND)), { code: "bot_not_found", retryAfter: undefined });
  }
  assert.notEqual(await start("user-1"), "started");
});

Deno.test(`a client that honours Retry-After never meets the limit of refused starts`, async () => {
  const { clock, start } = make();
  for (let index = 0; index < 10 * MAX_REFUSED_STARTS; index++) {
    const refusal = new RelayError("rate_limited", "The database's", { retryAfter: 3 });
    assert.deepEqual(await start("user-1", refusedWith(refusal)), { code: "rate_limited", retryAfter: 3 });
    clock.advance(3_000);
  }
});

Deno.test(`the refused starts of ${MAX_REFUSED_USERS} users are remembered`, () => {
  const [refused, [users]] = withMaps(() => createRefusedStarts(() => 0, 1));
  for (let index = 0; index <= MAX_REFUSED_USERS; index++) refused.count(`user-${index}`);
  assert.equal(users.size, MAX_REFUSED_USERS);
  refused.check("user-0");
  assert.throws(() => refused.check("user-1"), { code: "rate_limited" });
});
