/** The rows that the page reads, and one way to fail. */

/** A bot, as everybody who may use it sees it: its key is among nobody's columns. */
export interface Bot {
  id: string;
  user_id: string;
  name: string;
  model: string;
  access_path: string;
  system_prompt: string | null;
  temperature: number | null;
}

/** One story. */
export interface Story {
  id: string;
  title: string;
  bot_id: string | null;
  active_message_id: string | null;
}

/** One node of a story. */
export interface Message {
  id: string;
  parent_id: string | null;
  content: string;
  is_user_author: boolean;
  is_complete: boolean;
  finish_reason: string | null;
  created_at: string;
}

interface Answer<T> {
  data: T | null;
  error: { message: string; code?: string } | null;
}

/** What the Data API refused, or could not be asked. */
export class DataError extends Error {
  override readonly name = "DataError";

  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** The rows, or a DataError. */
export function rowsOf<T>({ data, error }: Answer<T>): T {
  if (error) throw new DataError(error.code ?? "", error.message);
  return data as T;
}
