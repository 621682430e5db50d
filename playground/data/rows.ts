/** The rows that the page reads, their ids as texts whatever the database has, and how a refused query fails. */

/** A bot, without its key: no client can read that column. */
export interface Bot {
  id: string;
  user_id: string;
  name: string;
  model: string;
  access_path: string;
  /** Which API the provider speaks. */
  api: string;
  system_prompt: string | null;
  temperature: number | null;
  /** What the model reads at once, its answer included; null: unknown. */
  context_tokens: number | null;
  /** What is kept free for the answer; null: a quarter of it. */
  reply_tokens: number | null;
  takes_prefill: boolean;
  takes_system: boolean;
  first_turn_is_user: boolean;
  /** Null: the model's name says whether it may be so. */
  thinks_first: boolean | null;
  /** Whether it writes memories of long stories. */
  memory: boolean;
  /** Whether it gives titles to stories that have none. */
  titles: boolean;
  /** The bots that are asked in its place where its provider is down, in this order. Only its owner reads them. */
  fallbacks: string[];
}

/** A conversation. The texts of the page call it a story. */
export interface Conversation {
  id: string;
  title: string;
  bot_id: string | null;
  active_message_id: string | null;
  /** When a prompt or an answer was stored, or a text changed, last. */
  updated_at: string;
  /** How its first prompt begins, in a list; absent where it has a title or no prompt. */
  opening?: string;
}

/** A conversation whose title or one of whose messages has the words that were searched. */
export interface Hit {
  conversation_id: string;
  title: string;
  opening?: string;
  /** Null: the words are in the title. */
  message_id: string | null;
  is_user_author: boolean | null;
  /** The text around the words. */
  excerpt: string | null;
  /** When the message was stored, or the conversation changed last. */
  at: string;
}

/** One node in the tree of a conversation. */
export interface Message {
  id: string;
  parent_id: string | null;
  /** The bot that wrote it; null for what a user wrote, and where the bot was deleted. */
  bot_id: string | null;
  content: string;
  is_user_author: boolean;
  is_complete: boolean;
  finish_reason: string | null;
  created_at: string;
  /** What the answer cost, in the operator's currency; null: not known. */
  cost: number | null;
  /** What is sent in place of the story up to and with this message; null: nothing is. */
  memory: string | null;
}

interface QueryResult<T> {
  data: T | null;
  error: { message: string; code?: string } | null;
}

/** A query that failed: refused by the Data API, or not sent. */
class DataError extends Error {
  override readonly name = "DataError";

  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** The rows, or a DataError. */
export function rowsOf<T>({ data, error }: QueryResult<T>): T {
  if (error) throw new DataError(error.code ?? "", error.message);
  return data as T;
}

/**
 * The row that was written, or a DataError. Not by `single()`: the embedded stack answers a write with a list all the
 * same where the columns are cast.
 */
export function rowOf<T>(result: QueryResult<T[]>): T {
  const [row] = rowsOf(result);
  if (row === undefined) throw new DataError("PGRST116", "There is no such row");
  return row;
}
