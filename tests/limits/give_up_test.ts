/** Waits of minutes, with a clock of their own: how long a worker tries to store what has ended. */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { Database } from "../../supabase/functions/_relay/database/database.ts";
import { MAX_STORAGE_BACKOFF_MS, STORAGE_GIVE_UP_MS } from "../../supabase/functions/_relay/protocol/limits.ts";
import { away } from "../../supabase/functions/_relay/testing/database.ts";
import { makeGeneration } from "../../supabase/functions/_relay/testing/generation.ts";
import { makePlatform } from "../../supabase/functions/_relay/testing/platform.ts";
import { storeEnding } from "../../supabase/functions/_relay/generation/store.ts";

Deno.test(`a message is tried to be stored every ${MAX_STORAGE_BACKOFF_MS} ms for ${STORAGE_GIVE_UP_MS} ms`, async () => {
  const platform = makePlatform();
  const { clock, lines } = platform;
  const start = clock.now();
  const at: number[] = [];
  const finish = () => {
    at.push(clock.now() - start);
    return Promise.reject(away());
  };
  const times = { firstTokenMs: 1, overheadMs: null };
  const ending = { status: "completed", finishReason: "stop", errorCode: null, usage: null, ...times } as const;
  const database = { finish } as unknown as Database;
  const given = rejects(storeEnding(platform, database, makeGeneration(platform, ""), ending), { code: "unavailable" });
  await clock.run(STORAGE_GIVE_UP_MS - 1);
  equal(lines.map(({ event }) => event), ["message_not_stored_yet"]);
  await clock.run(MAX_STORAGE_BACKOFF_MS);
  await given;
  equal(lines.at(-1)?.event, "message_lost");
  equal(Math.max(...at.slice(1).map((time, index) => time - at[index])), MAX_STORAGE_BACKOFF_MS);
  ok(at.at(-1)! >= STORAGE_GIVE_UP_MS);
  equal(clock.pending, 0);
});
