/** How long the relay waits for its database, and how long it tries to store a message. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { Database } from "../../supabase/functions/_relay/database/database.ts";
import type { Ending } from "../../supabase/functions/_relay/database/finish.ts";
import { abandonGeneration, storeEnding } from "../../supabase/functions/_relay/generation/store.ts";
import { createRefusals } from "../../supabase/functions/_relay/http/refusals.ts";
import { RelayError } from "../../supabase/functions/_relay/protocol/errors.ts";
import {
  ABANDON_GIVE_UP_MS,
  DATABASE_TIMEOUT_MS,
  DONE_WAITS_FOR_STORAGE_MS,
  MAX_CHUNK_UNITS,
  MAX_STORAGE_BACKOFF_MS,
  REFUSAL_FLUSH_MS,
  STORAGE_GIVE_UP_MS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { makeGeneration } from "../../supabase/functions/_relay/testing/generation.ts";
import { makePlatform } from "../../supabase/functions/_relay/testing/platform.ts";
import { eventually } from "../../testkit/eventually.ts";
import { dataOf } from "../../testkit/reader.ts";
import { storedMessage } from "../../testkit/target.ts";
import { ask, expectRefused, type Limit, tell } from "./bench.ts";

/** Over HTTP; they take as long as they say, side by side. */
export const databaseLimits: Limit[] = [{
  reaches: ["DATABASE_TIMEOUT_MS", "DONE_WAITS_FOR_STORAGE_MS"],
  title:
    `a call of the database may take ${DATABASE_TIMEOUT_MS} ms, and done waits ${DONE_WAITS_FOR_STORAGE_MS} ms for it`,
  async run(bench) {
    const { rig, user, proxy } = bench;
    const [held, late] = [crypto.randomUUID(), crypto.randomUUID()];
    proxy.intercept((name, args) =>
      name === "relay_begin" && args.stream_id === held ||
        name === "relay_finish" && args.stream_id === late
        ? "hold"
        : "pass"
    );
    try {
      const refused = ask(bench, { prompt: "Once", stream_id: held });
      const started = await tell(bench, async (call) => {
        await call.token("Once");
        await call.finish();
      }, { body: { stream_id: late } });
      const { message_id, is_complete } = dataOf(await started.rest(), "done");
      equal({ message_id, is_complete }, { message_id: null, is_complete: true });
      const response = await refused;
      equal(response.headers.get("retry-after"), "5");
      await expectRefused(response, 503, "unavailable");
    } finally {
      proxy.intercept();
    }
    const stored = await eventually("the message is stored", () => storedMessage(rig.target, user, late));
    equal(stored.content, "Once");
  },
}];

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  usage: null,
  firstTokenMs: 1,
  overheadMs: null,
};

/** Five minutes are no time for a test: with a clock of its own. */
export const storageLimits: Limit[] = [{
  reaches: ["MAX_STORAGE_BACKOFF_MS", "STORAGE_GIVE_UP_MS"],
  title: `a message is tried to be stored every ${MAX_STORAGE_BACKOFF_MS} ms for ${STORAGE_GIVE_UP_MS} ms`,
  async run() {
    const platform = makePlatform();
    const { clock } = platform;
    const begun = clock.now();
    const attempts: number[] = [];
    const database = {
      finish() {
        attempts.push(clock.now() - begun);
        return Promise.reject(new RelayError("unavailable", "Away"));
      },
    } as unknown as Database;
    const storing = storeEnding(platform, database, makeGeneration(platform), ENDING);
    const given = rejects(storing, { code: "unavailable" });
    await clock.run(STORAGE_GIVE_UP_MS - 1);
    equal(platform.lines.map(({ event }) => event), ["message_not_stored_yet"]);
    await clock.run(MAX_STORAGE_BACKOFF_MS);
    await given;
    equal(platform.lines.at(-1)?.event, "message_lost");
    const pauses = attempts.slice(1).map((at, i) => at - attempts[i]);
    equal(Math.max(...pauses), MAX_STORAGE_BACKOFF_MS);
    equal(pauses.slice(0, 3), [100, 200, 400]);
    ok(attempts.at(-1)! >= STORAGE_GIVE_UP_MS);
    equal(clock.pending, 0);
  },
}, {
  reaches: ["ABANDON_GIVE_UP_MS"],
  title: `a worker tries for ${ABANDON_GIVE_UP_MS} ms to end what it may have been admitted`,
  async run() {
    const platform = makePlatform();
    const { clock } = platform;
    const begun = clock.now();
    const attempts: number[] = [];
    const database = {
      finish() {
        attempts.push(clock.now() - begun);
        return Promise.resolve(null);
      },
    };
    const abandoned = abandonGeneration(platform, database, "stream-1", "fence-1");
    await clock.run(10 * ABANDON_GIVE_UP_MS);
    await abandoned;
    equal(attempts, [0, 1_000, 3_000, 7_000, 15_000]);
    ok(attempts.at(-1)! < ABANDON_GIVE_UP_MS);
    equal(clock.pending, 0);
  },
}, {
  reaches: ["REFUSAL_FLUSH_MS"],
  title: `a worker tells the database once in ${REFUSAL_FLUSH_MS} ms how much it has refused`,
  async run() {
    const platform = makePlatform();
    const { clock, keepAlive } = platform;
    const startedAt = clock.now();
    const told: [number, Record<string, number>][] = [];
    const refusals = createRefusals(platform, (counts) => {
      told.push([clock.now() - startedAt, Object.fromEntries(counts)]);
      return Promise.resolve();
    });
    for (let second = 0; second < 20; second++) {
      refusals.count("rate_limited");
      await clock.run(1_000);
    }
    await keepAlive.settled();
    equal(told, [[REFUSAL_FLUSH_MS, { rate_limited: 10 }], [2 * REFUSAL_FLUSH_MS, { rate_limited: 10 }]]);
    equal(clock.pending, 0);
  },
}, {
  reaches: ["MAX_CHUNK_UNITS"],
  title: `a text is stored in pieces of at most ${MAX_CHUNK_UNITS} units`,
  async run(bench) {
    const { rig, user, proxy } = bench;
    const pieces: number[] = [];
    const streamId = crypto.randomUUID();
    proxy.intercept((name, args) => {
      const place = name === "relay_beat" ? args.stream_ids.indexOf(streamId) : -1;
      if (place >= 0) pieces.push(args.texts[place].length);
      if (name === "relay_finish" && args.stream_id === streamId) {
        pieces.push(args.content.length);
      }
      return "pass";
    });
    try {
      let length = 0;
      const waiting: { units: number; resolve: () => void }[] = [];
      const read = (units: number) =>
        new Promise<void>((resolve) => {
          if (length >= units) resolve();
          else waiting.push({ units, resolve });
        });
      // A pair stands across the end of the first piece, which is then one unit shorter.
      const text = "m".repeat(MAX_CHUNK_UNITS - 1) + "🦊" +
        "m".repeat(MAX_CHUNK_UNITS) + "end";
      const started = await tell(bench, async (call) => {
        // In halves of what may wait for the client, or it would be detached.
        for (let at = 0; at < text.length; at += 400_001) {
          await call.token(text.slice(at, at + 400_001));
          await read(Math.min(at + 400_001, text.length));
        }
        await call.finish();
      }, { body: { stream_id: streamId } });
      for (;;) {
        const event = await started.stream.next();
        if (event === undefined) break;
        if (event.event === "token") length += event.data.length;
        for (const { units, resolve } of waiting) {
          if (length >= units) resolve();
        }
      }
      const stored = await storedMessage(rig.target, user, streamId);
      equal(stored.content === text, true);
      equal(pieces.reduce((sum, units) => sum + units), text.length);
      ok(pieces.every((units) => units <= MAX_CHUNK_UNITS), `${pieces}`);
      // Without the limit the text would have gone as a whole, or but for what a beat had taken.
      ok(pieces.filter((units) => units > 0).length >= 3, `${pieces}`);
    } finally {
      proxy.intercept();
    }
  },
}];
