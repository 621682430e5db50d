/** A database in memory, with the rules of the SQL functions: the first end wins, and a cancel that came before it. */

import type { Database } from "../database/database.ts";
import type { Ending, Outcome } from "../database/finish.ts";
import { RelayError } from "../protocol/errors.ts";
import { makeAdmission } from "./job.ts";
import type { BeginAnswer, Rate } from "../database/begin.ts";

/** One generation, as its row. */
export interface Row {
  userId: string;
  fence: string | null;
  cancelRequested: boolean;
  ending: Ending | null;
  outcome: Outcome | null;
}

/** What tests reach of it. */
export interface TestDatabase extends Database {
  rows: Map<string, Row>;
  /** Method and arguments of every call, also of those that failed. */
  calls: [keyof Database, ...unknown[]][];
  /** While it is set, every call fails with it. */
  failure: unknown;
  /** Waited for by every call. */
  gate: Promise<void> | null;
  /** What the next begin answers in place of an admission. */
  refusal: RelayError | null;
  /** The base URL of the bot that is admitted next. */
  accessPath: string;
  /** Puts a running generation in, as `begin` would. */
  admit(streamId: string, fence?: string, userId?: string): void;
  /** Ends it as the sweep does, with what it had. */
  sweep(streamId: string): void;
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
  const rows = new Map<string, Row>();

  async function called<T>(
    call: TestDatabase["calls"][number],
    answer: () => T,
  ): Promise<T> {
    database.calls.push(call);
    await database.gate;
    if (database.failure) throw database.failure;
    return answer();
  }

  function end(row: Row, streamId: string, ending: Ending): Outcome {
    if (row.cancelRequested) {
      ending = {
        ...ending,
        status: "cancelled",
        finishReason: "cancelled",
        errorCode: null,
      };
    }
    row.ending = ending;
    row.fence = null;
    row.outcome = {
      status: ending.status,
      finish_reason: ending.finishReason,
      error_code: ending.errorCode,
      message_id: ending.content === "" ? null : `message-of-${streamId}`,
      is_complete: ending.status === "completed",
    };
    return row.outcome;
  }

  const database: TestDatabase = {
    rows,
    calls: [],
    failure: null,
    gate: null,
    refusal: null,
    accessPath: "https://provider.test/v1",
    admit(streamId, fence = "fence-1", userId = "user-1") {
      rows.set(streamId, {
        userId,
        fence,
        cancelRequested: false,
        ending: null,
        outcome: null,
      });
    },
    sweep(streamId) {
      end(rows.get(streamId)!, streamId, {
        status: "interrupted",
        finishReason: "interrupted",
        errorCode: "interrupted",
        content: "",
        usage: null,
        firstTokenMs: null,
      });
    },
    begin: (userId, streamId, request) =>
      called(["begin", userId, streamId, request], (): BeginAnswer => {
        const refusal = rows.has(streamId)
          ? new RelayError("stream_id_taken", "Its stream_id is taken")
          : database.refusal;
        if (refusal) return { refusal, rate: { ...RATE, remaining: 0 } };
        const fence = `fence-${rows.size + 1}`;
        database.admit(streamId, fence, userId);
        const access_path = database.accessPath;
        const admission = makeAdmission({ fence, access_path, rate: RATE });
        return { admission, rate: RATE };
      }),
    beat: (generations) =>
      called([
        "beat",
        generations.map(({ streamId, fence }) => ({ streamId, fence })),
      ], () => {
        const held = generations.filter(({ streamId, fence }) =>
          rows.get(streamId)?.fence === fence
        );
        const ids = (list: typeof held) => list.map(({ streamId }) => streamId);
        return {
          cancelled: ids(held).filter((id) => rows.get(id)!.cancelRequested),
          lost: ids(generations.filter((one) => !held.includes(one))),
        };
      }),
    finish: (streamId, fence, ending) =>
      called(["finish", streamId, fence, ending], () => {
        const row = rows.get(streamId);
        if (!row) return null;
        return row.fence === fence ? end(row, streamId, ending) : row.outcome;
      }),
    cancel: (userId, streamId) =>
      called(["cancel", userId, streamId], () => {
        const row = rows.get(streamId);
        if (!row || row.userId !== userId) return null;
        if (row.outcome) return row.outcome.status;
        row.cancelRequested = true;
        return "cancelling";
      }),
  };
  return database;
}
