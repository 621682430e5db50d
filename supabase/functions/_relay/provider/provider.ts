/** What a generation needs of a provider, whichever API it speaks. */

import type { Usage } from "../protocol/events.ts";

/** One message of the context. */
export interface ContextMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Everything that one request to a provider depends on. */
export interface ProviderCall {
  baseUrl: URL;
  /** Null: the provider needs none. */
  accessKey: string | null;
  model: string;
  temperature: number | null;
  /** The bot's further fields of the request. */
  params: Record<string, unknown>;
  /** Dropped once they are sent. */
  messages: ContextMessage[];
}

/** What a read added to the answer: clean text, never empty. */
export interface Delta {
  kind: "text" | "reasoning";
  text: string;
}

/** How the provider itself ended. */
export interface ProviderEnd {
  finishReason: string;
  usage: Usage | null;
}

/** Asks for one generation. */
export interface Provider {
  /**
   * Calls back once for each read of the answer, with all that was in it. Rejects with the signal's reason once that
   * is aborted, else with a RelayError; the request to the provider has ended in every case.
   */
  stream(call: ProviderCall, signal: AbortSignal, onDeltas: (deltas: Delta[]) => void): Promise<ProviderEnd>;
}
