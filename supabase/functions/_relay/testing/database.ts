/** A database in memory that keeps the contract of the real one, for any number of workers at once. */

import type { BeginAnswer, Rate } from "../database/begin.ts";
import type { Database } from "../database/database.ts";
import { type EndingText, finish } from "../database/finish.ts";
import type { Sample } from "../database/metrics.ts";
import type { Rpc } from "../database/rpc.ts";
import { RelayError } from "../protocol/errors.ts";
import { makeAdmission } from "./job.ts";
import { makeSqlFunctions, type Row, type StoredMessage } from "./sql_functions.ts";

/** What tests reach of it. */
export interface TestDatabase extends Database {
  rows: Map<string, Row>;
  messages: Map<string, StoredMessage>;
  /** Method and arguments of every call, also of those that failed. */
  calls: [keyof Database, ...unknown[]][];
  /** While it is set, every call fails with it. */
  failure: unknown;
  /** Waited for by every call. */
  gate: Promise<void> | null;
  /** What the next begin answers in place of an admission. */
  refusal: RelayError | null;
  /** What the counters say. */
  samples: Sample[];
  /** The base URL of the bot that is admitted next. */
  accessPath: string;
  /** Puts a running generation in, as `begin` would. */
  admit(streamId: string, fence?: string, userId?: string): void;
  /** Back-dates its lease: whoever touches it next ends it, unless a beat comes first. */
  expire(streamId: string): void;
  /** Ends it as the sweep does, with what it had. */
  sweep(streamId: string): void;
  /** Prunes its row; the message stays. */
  forget(streamId: string): void;
  /** The text of its message; null: there is none. */
  contentOf(streamId: string): string | null;
}

const RATE: Rate = { limit: 5, remaining: 4, reset_s: 60 };

/** What is thrown where the database cannot be reached. */
export function away(): RelayError {
  return new RelayError("unavailable", "Cannot reach the database", {
    cause: "relay_x was answered with status 0, no code: refused",
    retryAfter: 5,
  });
}

/** Builds an empty one. */
export function makeDatabase(): TestDatabase {
  const sql = makeSqlFunctions();
  const { rows, messages } = sql;

  async function called<T>(call: TestDatabase["calls"][number], answer: () => T | Promise<T>): Promise<T> {
    database.calls.push(call);
    await database.gate;
    if (database.failure) throw database.failure;
    return await answer();
  }

  function relayBegin(userId: string, streamId: string, fence: string): BeginAnswer {
    for (const [id, row] of rows) {
      if (row.userId === userId) sql.closeExpired(id);
    }
    const row = rows.get(streamId);
    const owner = row?.userId ?? messages.get(streamId)?.userId;
    // The same worker asks again, for the answer got lost on its way.
    const isRepeated = owner === userId && row?.status === "running" &&
      row.fence === fence;
    if (owner === userId && !isRepeated) return { exists: true, rate: RATE };
    const refusal = owner === undefined
      ? database.refusal
      : new RelayError("stream_id_taken", "Its stream_id is taken");
    if (refusal && !isRepeated) {
      return { refusal, rate: { ...RATE, remaining: 0 } };
    }
    if (!isRepeated) sql.admit(streamId, fence, userId);
    const access_path = database.accessPath;
    const admission = makeAdmission({ fence, access_path, rate: RATE });
    return { admission, rate: RATE };
  }

  const database: TestDatabase = {
    rows,
    messages,
    calls: [],
    failure: null,
    gate: null,
    refusal: null,
    samples: [],
    accessPath: "https://provider.test/v1",
    admit: (streamId, fence = "fence-1", userId = "user-1") => sql.admit(streamId, fence, userId),
    expire(streamId) {
      rows.get(streamId)!.expired = true;
    },
    sweep(streamId) {
      database.expire(streamId);
      sql.closeExpired(streamId);
    },
    forget: (streamId) => void rows.delete(streamId),
    contentOf: (streamId) => messages.get(streamId)?.content ?? null,
    begin: (userId, streamId, fence, request) =>
      called(["begin", userId, streamId, fence, request], () => relayBegin(userId, streamId, fence)),
    beat(given) {
      const entries = given.map(({ streamId, fence, piece }) => ({ streamId, fence, piece }));
      return called(["beat", entries], () => sql.beat(entries));
    },
    finish(streamId, fence, ending, text) {
      const rpc = (_: string, { start_at, content }: Record<string, unknown>) =>
        Promise.resolve(sql.finish(streamId, fence, ending, start_at as number, content as string));
      return called(
        ["finish", streamId, fence, ending, inHand(text)],
        () => finish(rpc as Rpc, streamId, fence, ending, text),
      );
    },
    cancel: (userId, streamId) => called(["cancel", userId, streamId], () => sql.cancel(userId, streamId)),
    read(given) {
      const readings = given.map(({ userId, streamId, from }) => ({ userId, streamId, from }));
      return called(["read", readings], () => structuredClone(readings.map(sql.view)));
    },
    metrics: () => called(["metrics"], () => structuredClone(database.samples)),
    countRefusals: (counts) => called(["countRefusals", Object.fromEntries(counts)], () => {}),
  };
  return database;
}

/** The text that a finish is called with: where it begins, and what is there from there on. */
function inHand(text: EndingText) {
  const start = text.storedUnits;
  return { start, content: text.from(start) };
}
