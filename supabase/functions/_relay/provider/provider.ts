/** What a generation needs of a provider, whichever API it speaks. */

import type { Usage } from "../protocol/events.ts";

/** What the user says after a last message of the assistant's, which models would otherwise take for the answer. */
export const GO_ON = "Go on.";

/** One message of the context. */
export interface ContextMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** The APIs that a bot's provider may speak. */
export type ApiName = "chat_completions" | "anthropic_messages" | "openai_responses" | "gemini";

/** Whether a request of this API may end with the beginning of its answer. */
export const takesPrefill = (api: string): boolean => api !== "openai_responses";

/** Everything that a request to a provider depends on. */
export interface ProviderCall {
  /** An `ApiName` where this worker knows it; absent: chat completions. */
  api?: string;
  baseUrl: URL;
  /** Null: the provider needs none. */
  accessKey: string | null;
  /** The bot's own headers, for gateways; as secret as the key. */
  headers?: Record<string, string>;
  model: string;
  temperature: number | null;
  /** The bot's further fields of the request. */
  params: Record<string, unknown>;
  /** Dropped once they are sent. */
  messages: ContextMessage[];
  /** False: instructions go into the first message of the user's. Absent: true. */
  takesSystem?: boolean;
  /** True: a short turn of the user's goes before a first message of the assistant's. */
  firstTurnIsUser?: boolean;
  /** Whether a text begins within the model's reasoning; null: the model's name says. */
  thinksFirst?: boolean | null;
  /** The last message is the beginning of the answer, from which the model goes on. */
  isPrefilled?: boolean;
  /** The most tokens of the answer; null: the provider's own limit. */
  replyTokens?: number | null;
  /** Whose request it is, for providers that cache the beginning of conversations, or watch for abuse. */
  conversationId?: string;
  userId?: string;
  /** What the client adds to the body for such a provider; the bot's params come first. */
  hints?: Record<string, string>;
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

/**
 * Called once for each read of the answer, with its deltas: none, if the bytes brought no text. `isComplete`: the model
 * has said how it finished, and what is still read can only add to that.
 */
export type OnRead = (deltas: Delta[], isComplete: boolean) => void;

/** Asks for one generation. */
export interface Provider {
  /**
   * Rejects with the signal's reason once that is aborted, else with a RelayError; the request to the provider has
   * ended in every case.
   */
  stream(call: ProviderCall, signal: AbortSignal, onRead: OnRead): Promise<ProviderEnd>;
}
