/** How long the relay waits for its database, and how long it tries to store a message. */

import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { Database } from "../../supabase/functions/_shared/database/database.ts";
import type { Ending } from "../../supabase/functions/_shared/database/finish.ts";
import { storeEnding } from "../../supabase/functions/_shared/generation/store.ts";
import { RelayError } from "../../supabase/functions/_shared/protocol/errors.ts";
import {
  DATABASE_TIMEOUT_MS,
  DONE_WAITS_FOR_STORAGE_MS,
  MAX_STORAGE_BACKOFF_MS,
  STORAGE_GIVE_UP_MS,
} from "../../supabase/functions/_shared/protocol/limits.ts";
import { makeJob } from "../../supabase/functions/_shared/testing/job.ts";
import { makePlatform } from "../../supabase/functions/_shared/testing/platform.ts";
import { eventually } from "../support/eventually.ts";
import { dataOf } from "../support/story_client.ts";
import { storedMessage } from "../support/target.ts";
import { ask, expectRefused, type Limit, tell } from "./bench.ts";

/** Over HTTP; they take as long as they say, side by side. */
export const databaseLimits: Limit[] = [
  {
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
        const { message_id, is_complete } = dataOf(
          await started.rest(),
          "done",
        );
        equal({ message_id, is_complete }, {
          message_id: null,
          is_complete: true,
        });
        const response = await refused;
        equal(response.headers.get("retry-after"), "5");
        await expectRefused(response, 503, "unavailable");
      } finally {
        proxy.intercept();
      }
      const stored = await eventually(
        "the message is stored",
        () => storedMessage(rig.target, user, late),
      );
      equal(stored.content, "Once");
    },
  },
];

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  content: "Once",
  usage: null,
  firstTokenMs: 1,
};

/** Five minutes are no time for a test: with a clock of its own. */
export const storageLimits: Limit[] = [
  {
    reaches: ["MAX_STORAGE_BACKOFF_MS", "STORAGE_GIVE_UP_MS"],
    title:
      `a message is tried to be stored every ${MAX_STORAGE_BACKOFF_MS} ms for ${STORAGE_GIVE_UP_MS} ms`,
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
      const storing = storeEnding(platform, database, makeJob(), ENDING);
      const given = rejects(storing, { code: "unavailable" });
      await clock.run(STORAGE_GIVE_UP_MS - 1);
      equal(
        platform.lines.map(({ event }) => event),
        ["message_not_stored_yet"],
      );
      await clock.run(MAX_STORAGE_BACKOFF_MS);
      await given;
      equal(platform.lines.at(-1)?.event, "message_lost");
      const pauses = attempts.slice(1).map((at, i) => at - attempts[i]);
      equal(Math.max(...pauses), MAX_STORAGE_BACKOFF_MS);
      equal(pauses.slice(0, 3), [100, 200, 400]);
      ok(attempts.at(-1)! >= STORAGE_GIVE_UP_MS);
      equal(clock.pending, 0);
    },
  },
];
