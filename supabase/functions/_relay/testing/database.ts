/** A database whose answers are the test's: it has no rules of its own, those are tested with the real SQL. */

import type { BeginAnswer, PreviewAnswer } from "../database/begin.ts";
import type { MemoryAnswer, MemoryStart } from "../database/begin_memory.ts";
import type { BeatAnswer, BeatEntry, Database, Reading, Sample, View } from "../database/database.ts";
import type { Ending, Sent, StoredEnding } from "../database/finish.ts";
import type { OwnBot } from "../database/own_bot.ts";
import { RelayError } from "../protocol/errors.ts";
import { makeAdmission } from "./generation.ts";

/** What tests reach of it. */
export interface TestDatabase extends Database {
  /** Method and arguments of every call, also of those that failed. */
  calls: [keyof Database, ...unknown[]][];
  /** While it is set, every call fails with it. */
  failure: unknown;
  /** Every call waits for it. */
  gate: Promise<void> | null;
  /** The streams that beats report as cancelled, and as lost. */
  cancelled: Set<string>;
  lost: Set<string>;
  /** What reads answer. */
  views: Map<string, View>;
  /** What came with finishes: the ending, and the whole text. */
  endings: Map<string, Ending & { text: string }>;
  /** What the last beat or finish of a stream said that its readers were sent. */
  sent: Map<string, Sent>;
  /** The answers, by default those of a database to which nothing else happens. */
  answers: {
    begin(userId: string, streamId: string, fence: string, maxContext: number): BeginAnswer;
    preview(): PreviewAnswer;
    ownBot(): OwnBot | null;
    beginMemory(start: MemoryStart): MemoryAnswer;
    beat(entries: BeatEntry[]): BeatAnswer;
    finish(streamId: string, ending: Ending, text: string): StoredEnding | null;
    cancel(userId: string, streamId: string, at: number | null): Awaited<ReturnType<Database["cancel"]>>;
    running(userId: string, conversationId: string): string | null;
    read(readings: Reading[]): (View | null)[];
    metrics(): Sample[];
  };
}

/** What is thrown where the database cannot be reached. */
export function away(): RelayError {
  return new RelayError("unavailable", undefined, { cause: "relay_x got no answer", retryAfter: 5 });
}

/** How `away()` looks in a log line. */
export const AWAY = "RelayError: Cannot reach the database; caused by relay_x got no answer";

/** A stored ending, with a message if there was text. */
export function makeStored(streamId: string, ending: Ending, text: string): StoredEnding {
  return {
    status: ending.status,
    finish_reason: ending.finishReason,
    error_code: ending.errorCode,
    message_id: text === "" ? null : `message-of-${streamId}`,
    is_complete: ending.status === "completed",
    bot_id: ending.answeredBy ?? "bot-1",
    model: ending.tries?.at(-1)?.model ?? "model-1",
  };
}

/** Builds one that admits everything and stores everything. */
export function makeDatabase(): TestDatabase {
  async function called<T>(call: TestDatabase["calls"][number], answer: () => T): Promise<T> {
    database.calls.push(call);
    await database.gate;
    if (database.failure) throw database.failure;
    return answer();
  }

  const answers: TestDatabase["answers"] = {
    begin(_userId, _streamId, fence) {
      const admission = makeAdmission({ fence });
      return { admission, rate: admission.rate };
    },
    ownBot: () => null,
    preview: () => ({ refusal: new RelayError("bot_not_found"), rate: makeAdmission().rate }),
    beginMemory: () => null,
    beat: (entries) => ({
      stored: new Map(entries.map(({ streamId, chunk }) => [streamId, chunk.end])),
      cancelled: entries.map(({ streamId }) => streamId).filter((id) => database.cancelled.has(id)),
      lost: entries.map(({ streamId }) => streamId).filter((id) => database.lost.has(id)),
    }),
    finish: makeStored,
    cancel: () => "cancelling",
    running: () => null,
    read: (readings) => readings.map(({ streamId }) => database.views.get(streamId) ?? null),
    metrics: () => [],
  };

  const database: TestDatabase = {
    calls: [],
    failure: null,
    gate: null,
    cancelled: new Set(),
    lost: new Set(),
    views: new Map(),
    endings: new Map(),
    sent: new Map(),
    answers,
    begin: ({ userId, streamId, fence, request, maxContext }) =>
      called(
        ["begin", userId, streamId, fence, request, maxContext],
        () => answers.begin(userId, streamId, fence, maxContext),
      ),
    ownBot: (userId, botId) => called(["ownBot", userId, botId], () => answers.ownBot()),
    preview: ({ userId, request, maxContext }) =>
      called(["preview", userId, request, maxContext], () => answers.preview()),
    beginMemory: (start) => called(["beginMemory", start], () => answers.beginMemory(start)),
    beat(given) {
      for (const { streamId, sent } of given) database.sent.set(streamId, sent);
      const entries = given.map(({ streamId, fence, chunk }) => ({ streamId, fence, chunk }));
      return called(["beat", entries], () => answers.beat(given));
    },
    finish: (streamId, fence, ending, { storedUnits, from }, sent) =>
      called(["finish", streamId, fence, ending, { start: storedUnits, content: from(storedUnits) }], () => {
        database.sent.set(streamId, sent);
        database.endings.set(streamId, { ...ending, text: from(0) });
        return answers.finish(streamId, ending, from(0));
      }),
    cancel: (userId, streamId, at) =>
      called(["cancel", userId, streamId, ...(at === null ? [] : [at])], () => answers.cancel(userId, streamId, at)),
    running: (userId, conversationId) =>
      called(["running", userId, conversationId], () => answers.running(userId, conversationId)),
    read(given) {
      const readings = given.map(({ userId, streamId, from }) => ({ userId, streamId, from }));
      return called(["read", readings], () => structuredClone(answers.read(readings)));
    },
    metrics: () => called(["metrics"], () => answers.metrics()),
    countRefusals: ({ refusals }) => called(["countRefusals", Object.fromEntries(refusals)], () => {}),
  };
  return database;
}
