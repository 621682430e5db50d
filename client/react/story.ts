/** What useStory takes and gives. */

import type { Id, RelayClientError, Result, StartRequest } from "../client.ts";
import type { HistorySource, StreamStorage } from "../history.ts";

/** The options. All of them may change from one rendering to the next. */
export interface StoryOptions {
  /** The conversation to show; absent or null: a new one, which `start` begins. */
  conversationId?: Id | null | undefined;
  /** A SupabaseClient. It reads what is stored, and stores which version was chosen; without it only what is new is shown. */
  supabase?: HistorySource | undefined;
  /** Sent with each start. Without an `on_disconnect` here an answer goes on when the page is left. */
  request?: Pick<StartRequest, "bot_id" | "system" | "on_disconnect"> | undefined;
  /** Remembers which stream runs in which conversation, for a page that is loaded again; absent: sessionStorage, null: nothing. */
  storage?: StreamStorage | null | undefined;
}

/** One message of the branch that is shown. */
export interface StoryMessage {
  /** A key for lists: it stays the same while a prompt is stored and an answer is written. */
  id: string;
  /** The row of `messages`; null: not stored yet. */
  messageId: Id | null;
  /** The row of the message before it; null: none, or not known yet. */
  parentId: Id | null;
  role: "user" | "assistant";
  text: string;
  /** What the model thought before it answered, if this page has read it: reasoning is not stored. */
  reasoning: string;
  /** False while it is written, and if it ended early: see `finishReason`. */
  isComplete: boolean;
  /** The provider's or the relay's; null for a prompt, and while an answer is written. */
  finishReason: string | null;
  /** The rows of all versions of this message, oldest first; one that is still written is not among them. */
  versions: Id[];
}

/** A failure of the relay, or of the Data API: then `code` is one of Postgres's or PostgREST's, or `unreachable`. */
export type StoryError = RelayClientError | { message: string; code: string; retryable?: undefined };

/**
 * What a page shows, and what a user can do. The functions stay the same for as long as the conversation does. While a
 * history loads or an answer is written, the functions that begin an answer do nothing and give null.
 */
export interface Story {
  /** From the first message to the one that is written, or to the active leaf. */
  messages: StoryMessage[];
  /** The answer at its end: "" after a prompt. */
  text: string;
  /** `loading`: the history is read; `submitted`: sent, nothing has come; `error`: the last action has failed. */
  status: "loading" | "ready" | "submitted" | "streaming" | "error";
  error: StoryError | null;
  /** Null: not stored yet. */
  conversationId: Id | null;
  /** What RelayClient.start takes; a prompt without `parent_id` follows the message that is shown last. Never rejects. */
  start(request: StartRequest): Promise<Result | null>;
  /** Cuts the answer where it is shown; where another reader was sent more, that is stored and shown. */
  stop(): Promise<void>;
  /** Another answer in place of this one or the last one; the answer to a prompt that has none; a failed start again. */
  regenerate(messageId?: Id): Promise<Result | null>;
  /** Goes on with this answer, or with the last one. */
  continueAnswer(messageId?: Id): Promise<Result | null>;
  /** Shows this version of a message, with the latest branch below it. */
  choose(messageId: Id): Promise<void>;
  /** Reads what is stored and what another device has begun. */
  reload(): Promise<void>;
}
