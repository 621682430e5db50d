/** The database as the relay sees it: one method for each SQL function. */

import type { Platform } from "../platform/platform.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Id, Usage } from "../protocol/events.ts";
import { MAX_READ_UNITS } from "../protocol/limits.ts";
import { begin, type BeginAnswer, preview, type PreviewAnswer, type Start } from "./begin.ts";
import { beginMemory, type MemoryAnswer, type MemoryStart } from "./begin_memory.ts";
import { type Ending, type EndingText, type EndStatus, finish, type Sent, type StoredEnding } from "./finish.ts";
import { type OwnBot, ownBot } from "./own_bot.ts";
import { createRpc, type Rpc } from "./rpc.ts";

/** Every method rejects with `unavailable` where the database cannot be reached. */
export interface Database {
  begin(start: Start): Promise<BeginAnswer>;
  /** The sizes of what `begin` would send; nothing is written. */
  preview(start: Start): Promise<PreviewAnswer>;
  /** As `begin`, for a memory or a title that is written in the background. */
  beginMemory(start: MemoryStart): Promise<MemoryAnswer>;
  /** The bot that a test is for; null: it is not the user's own. */
  ownBot(userId: string, botId: string): Promise<OwnBot | null>;
  /** Renews the leases of all given generations and stores their new text, in one round trip. */
  beat(entries: BeatEntry[]): Promise<BeatAnswer>;
  finish(streamId: string, fence: string, ending: Ending, text: EndingText, sent: Sent): Promise<StoredEnding | null>;
  /**
   * `cancelling`, or how the generation has ended already; null: unknown, or another user's. `at`: the offset at which
   * the text ends; null: all that came is kept.
   */
  cancel(userId: string, streamId: string, at: number | null): Promise<"cancelling" | EndStatus | null>;
  /**
   * The stream_id of the generation whose answer will be the active leaf; null: none, or another user's conversation.
   */
  running(userId: string, conversationId: string): Promise<string | null>;
  /** One round trip for all readers, with at most `MAX_READ_UNITS` of text in all; null: unknown, or another user's. */
  read(readings: Reading[]): Promise<(View | null)[]>;
  /** The counters of all workers. */
  metrics(): Promise<Sample[]>;
  /** Adds to the counters of refused requests. */
  countRefusals(counts: {
    refusals: ReadonlyMap<ErrorCode, number>;
    errorLines: ReadonlyMap<string, number>;
  }): Promise<void>;
}

/** A stretch of a generation's text; offsets are UTF-16 code units. */
export interface Chunk {
  start: number;
  end: number;
  text: string;
}

/** A generation that this worker runs, and the text that the database lacks. */
export interface BeatEntry {
  streamId: string;
  fence: string;
  chunk: Chunk;
  sent: Sent;
}

/** What a beat brings back, by stream_id. */
export interface BeatAnswer {
  /** How many UTF-16 units of the text the database has. A map, because every object has a `constructor`. */
  stored: ReadonlyMap<string, number>;
  cancelled: string[];
  /** Generations that this worker must not run any longer: ended elsewhere, or deleted. */
  lost: string[];
}

/** Which stream is read for which user, and how much of the text its reader has. */
export interface Reading {
  userId: string;
  streamId: string;
  from: number;
}

/** A generation as readers need it. The text goes from the offset `start` to `end`; null where there is none. */
export interface View {
  /** Null once the row is forgotten. */
  generation: GenerationRow | null;
  message?: MessageRow | null;
  start: number | null;
  end: number | null;
  text: string | null;
  /** Whether there is text after `end`. */
  more: boolean;
}

/** The columns of a generation that a reader needs. */
export interface GenerationRow {
  status: "running" | EndStatus;
  conversation_id: Id | null;
  bot_id: Id | null;
  user_message_id: Id | null;
  parent_id: Id | null;
  message_id: Id | null;
  model: string;
  finish_reason: string | null;
  error_code: ErrorCode | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  usage_is_estimated: boolean;
  cost: number | null;
  context_messages: number | null;
  left_out: number | null;
  memory_id: Id | null;
}

/** The message of a generation that has ended. */
export interface MessageRow {
  id: Id;
  conversation_id: Id;
  bot_id: Id | null;
  parent_id: Id | null;
  is_complete: boolean;
  finish_reason: string | null;
  usage: Usage | null;
}

/** One counter or gauge; a bucket of a histogram counts only what fell into it. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Builds the one client that a worker needs; tests replace the rpc. */
export function createDatabase(platform: Platform, rpc: Rpc = createRpc(platform)): Database {
  return {
    begin: (start) => begin(rpc, platform, start),
    ownBot: (userId, botId) => ownBot(rpc, userId, botId),
    preview: (start) => preview(rpc, platform, start),
    beginMemory: (start) => beginMemory(rpc, platform, start),
    async beat(entries) {
      const answer = await rpc<Omit<BeatAnswer, "stored"> & { stored: Record<string, number> }>("relay_beat", {
        stream_ids: entries.map(({ streamId }) => streamId),
        fences: entries.map(({ fence }) => fence),
        lease_ms: platform.configuration.leaseMs,
        starts: entries.map(({ chunk }) => chunk.start),
        ends: entries.map(({ chunk }) => chunk.end),
        texts: entries.map(({ chunk }) => chunk.text),
        sent_to_others: entries.map(({ sent }) => sent.toOthers),
      });
      return { ...answer, stored: new Map(Object.entries(answer.stored)) };
    },
    finish: (streamId, fence, ending, text, sent) => finish(rpc, streamId, fence, ending, text, sent),
    async cancel(userId, streamId, at) {
      const answer = await rpc<{ status: "cancelling" | EndStatus } | null>(
        "relay_cancel",
        { user_id: userId, stream_id: streamId, at },
      );
      return answer?.status ?? null;
    },
    running: (userId, conversationId) => rpc("relay_running", { user_id: userId, conversation_id: conversationId }),
    read: (readings) =>
      rpc("relay_read", {
        user_ids: readings.map(({ userId }) => userId),
        stream_ids: readings.map(({ streamId }) => streamId),
        from_units: readings.map(({ from }) => from),
        max_units: MAX_READ_UNITS,
      }),
    metrics: () => rpc("relay_metrics", {}),
    async countRefusals({ refusals, errorLines }) {
      const codes = { codes: [...refusals.keys()], counts: [...refusals.values()] };
      // Sent only if there are some: a database that is older than this worker does not know these arguments.
      const events = { events: [...errorLines.keys()], lines: [...errorLines.values()] };
      await rpc("relay_count_refusals", errorLines.size > 0 ? { ...codes, ...events } : codes);
    },
  };
}
