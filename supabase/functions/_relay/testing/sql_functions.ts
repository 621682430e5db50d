/** The relay's SQL functions over rows in memory, as far as a worker can tell the difference. */

import type { BeatAnswer, BeatEntry } from "../database/beat.ts";
import type { Ending, EndStatus, Outcome } from "../database/finish.ts";
import type { Reading, View } from "../database/read.ts";
import type { Usage } from "../protocol/events.ts";

/** One generation, as its row with the chunks that hang below it. */
export interface Row {
  userId: string;
  status: "running" | EndStatus;
  fence: string | null;
  cancelRequested: boolean;
  /** Its lease ran out, and nobody has noticed yet. */
  expired: boolean;
  chunks: BeatEntry["piece"][];
  /** Where the chunks end. */
  textUnits: number;
  /** The end that counted, as the worker or the sweep said it. */
  ending: Ending | null;
  outcome: Outcome | null;
}

/** A message of the story. */
export interface StoredMessage {
  id: string;
  userId: string;
  content: string;
  isComplete: boolean;
  finishReason: string | null;
  usage: Usage | null;
}

/** One function for each SQL function that changes or reads a generation. */
export interface SqlFunctions {
  rows: Map<string, Row>;
  /** By stream_id, which is unique. */
  messages: Map<string, StoredMessage>;
  admit(streamId: string, fence: string, userId: string): void;
  /** relay.close_expired */
  closeExpired(streamId: string): void;
  beat(entries: BeatEntry[]): BeatAnswer;
  /** One call, which may be told to begin elsewhere. */
  finish(
    streamId: string,
    fence: string,
    ending: Ending,
    start: number,
    content: string,
  ): Outcome | RunningOutcome | { expected_start: number } | null;
  cancel(userId: string, streamId: string): "cancelling" | EndStatus | null;
  /** relay.view_of */
  view(reading: Reading): View | null;
}

/** What a foreign fence is told of a generation that runs. */
export interface RunningOutcome {
  status: "running";
  finish_reason: null;
  error_code: null;
  message_id: null;
  is_complete: false;
}

/** Where every generation stands in the story. */
const PLACE = { conversation_id: "conversation-1", bot_id: "bot-1", parent_id: "message-of-user" };

/** Builds them over no rows. */
export function makeSqlFunctions(): SqlFunctions {
  const rows = new Map<string, Row>();
  const messages = new Map<string, StoredMessage>();

  /** relay.store_message: writes the message, or replaces the partial one of a sweep. */
  function storeMessage(streamId: string, content: string, { status, finishReason, usage }: Ending): string | null {
    if (content === "") return null;
    const id = `message-of-${streamId}`;
    const { status: before, textUnits } = rows.get(streamId)!;
    // The sweep was here before, and what was deleted since does not come back.
    const isReplaced = before === "interrupted" && textUnits > 0;
    if (isReplaced && !messages.has(streamId)) return null;
    messages.set(streamId, {
      id,
      userId: rows.get(streamId)!.userId,
      content,
      isComplete: status === "completed",
      finishReason,
      usage,
    });
    return id;
  }

  function end(streamId: string, content: string, said: Ending): Outcome {
    const row = rows.get(streamId)!;
    const ending: Ending = row.cancelRequested
      ? { ...said, status: "cancelled", finishReason: "cancelled", errorCode: null }
      : said;
    row.outcome = {
      status: ending.status,
      finish_reason: ending.finishReason,
      error_code: ending.errorCode,
      message_id: storeMessage(streamId, content, ending),
      is_complete: ending.status === "completed",
    };
    row.ending = ending;
    row.status = ending.status;
    row.chunks = [];
    return row.outcome;
  }

  function closeExpired(streamId: string) {
    const row = rows.get(streamId);
    if (row?.status !== "running" || !row.expired) return;
    end(streamId, textOf(row), {
      status: "interrupted",
      finishReason: "interrupted",
      errorCode: "interrupted",
      usage: null,
      firstTokenMs: null,
      overheadMs: null,
    });
    // The fence stays with an interruption: the worker may be alive, and bring the rest.
    if (row.cancelRequested) row.fence = null;
  }

  return {
    rows,
    messages,
    closeExpired,
    admit(streamId, fence, userId) {
      rows.set(streamId, {
        userId,
        status: "running",
        fence,
        cancelRequested: false,
        expired: false,
        chunks: [],
        textUnits: 0,
        ending: null,
        outcome: null,
      });
    },
    beat(entries) {
      const answer: BeatAnswer = { stored: {}, cancelled: [], lost: [] };
      for (const { streamId, fence, piece } of entries) {
        const row = rows.get(streamId);
        if (row?.fence === fence && row.status === "running") {
          row.expired = false;
          if (piece.start === row.textUnits && piece.text !== "") {
            row.chunks.push(checked(piece));
            row.textUnits = piece.end;
          }
          answer.stored[streamId] = row.textUnits;
          if (row.cancelRequested) answer.cancelled.push(streamId);
        } else if (row?.fence !== fence || row.status !== "interrupted") {
          answer.lost.push(streamId);
        }
      }
      return answer;
    },
    finish(streamId, fence, ending, start, content) {
      const row = rows.get(streamId);
      if (!row) return null;
      const isOpen = row.status === "running" || row.status === "interrupted";
      if (!isOpen || row.fence !== fence) {
        return row.outcome ??
          { status: "running", finish_reason: null, error_code: null, message_id: null, is_complete: false };
      }
      const expected = row.status === "running" ? row.textUnits : 0;
      if (start !== expected) return { expected_start: expected };
      const outcome = end(streamId, textOf(row) + storable(content), ending);
      row.fence = null;
      return outcome;
    },
    cancel(userId, streamId) {
      const row = rows.get(streamId);
      if (!row) return statusOf(messages.get(streamId), userId);
      if (row.userId !== userId) return null;
      closeExpired(streamId);
      if (row.status !== "running") return row.status;
      row.cancelRequested = true;
      return "cancelling";
    },
    view({ userId, streamId, from }) {
      const row = owned(rows.get(streamId), userId);
      if (row) closeExpired(streamId);
      const generation = row && generationOf(row);
      if (row?.status === "running") {
        const chunks = row.chunks.filter(({ end }) => end > from);
        const text = chunks.map((chunk) => chunk.text).join("");
        return { generation, start: chunks[0]?.start ?? null, text: text === "" ? null : text };
      }
      const message = owned(messages.get(streamId), userId);
      if (generation === null && message === null) return null;
      return {
        generation,
        message: message &&
          {
            id: message.id,
            ...PLACE,
            is_complete: message.isComplete,
            finish_reason: message.finishReason,
            usage: message.usage,
          },
        start: 0,
        text: message?.content ?? null,
      };
    },
  };
}

function owned<T extends { userId: string }>(found: T | undefined, userId: string): T | null {
  return found?.userId === userId ? found : null;
}

function generationOf({ status, outcome, ending }: Row): View["generation"] {
  return {
    status,
    ...PLACE,
    user_message_id: "message-of-user",
    model: "model-1",
    message_id: outcome?.message_id ?? null,
    finish_reason: outcome?.finish_reason ?? null,
    error_code: outcome?.error_code ?? null,
    prompt_tokens: ending?.usage?.prompt_tokens ?? null,
    completion_tokens: ending?.usage?.completion_tokens ?? null,
    total_tokens: ending?.usage?.total_tokens ?? null,
  };
}

function textOf({ chunks }: Row): string {
  return chunks.map((chunk) => chunk.text).join("");
}

/** The constraints of relay.chunks, and that the offsets are those of the text. */
function checked(piece: BeatEntry["piece"]): BeatEntry["piece"] {
  const { start, end, text } = piece;
  if (start < 0 || end <= start || end - start !== storable(text).length) {
    throw new RangeError(`The piece from ${start} to ${end} is no such piece`);
  }
  return piece;
}

/** Neither U+0000 nor half a surrogate pair gets through JSON into a text column. */
function storable(text: string): string {
  if (!text.isWellFormed() || text.includes("\0")) {
    throw new RangeError("The text cannot be stored");
  }
  return text;
}

/** How a forgotten generation ended, as its message tells. */
function statusOf(message: StoredMessage | undefined, userId: string): EndStatus | null {
  if (message?.userId !== userId) return null;
  switch (message.finishReason) {
    case "cancelled":
    case "disconnected":
    case "interrupted":
      return message.finishReason;
    default:
      return message.isComplete ? "completed" : "failed";
  }
}
