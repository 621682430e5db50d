/** What callers of the client give and get. The wire's own types are here too, so that the package stands alone. */

import type { ErrorCode, RelayClientError } from "./errors.ts";

/** The id of a bot, a conversation or a message, as the database has it; a text where a number would be rounded. */
export type Id = string | number;

/** Token counts as the provider reports them. */
export interface Usage {
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  /** Of the prompt, what the provider had in its cache; absent: nothing, or it has not said. */
  cached_tokens?: number;
  /** Of the completion, what was reasoning; absent: nothing, or the provider has not said. */
  reasoning_tokens?: number;
  /** In the operator's currency; absent: the model has no price. */
  cost?: number;
}

/** What a provider was sent of a story. */
export interface SentContext {
  /** How many messages, without the instructions. */
  messages: number;
  /** How many of the path, before these, were left out; null: too many to count. */
  left_out: number | null;
  /** The message whose memory stands for what is before it; null: none does. */
  memory: Id | null;
}

/** The data of `start`: the generation's place in the conversation. */
export interface StartData {
  stream_id: string;
  conversation_id: Id;
  bot_id: Id;
  model: string;
  user_message_id: Id | null;
  parent_id: Id | null;
  /** Null where that is not known any more. */
  context: SentContext | null;
}

/** The data of `done`. */
export interface DoneData {
  stream_id: string;
  message_id: Id | null;
  /** Who answered: the bot of `start`, or one of its fallbacks; null where that is not known any more. */
  bot_id: Id | null;
  model: string | null;
  is_complete: boolean;
  finish_reason: string;
  usage: Usage | null;
}

/** The data of `error`. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  stream_id: string;
  message_id: Id | null;
}

/**
 * The body of POST /stream: exactly one of `prompt`, `messages`, `reroll_of`, `continue_of` and `answer_to`. Without a
 * `stream_id` the client makes one.
 */
export type StartRequest =
  & {
    conversation_id?: Id | undefined;
    bot_id?: Id | undefined;
    system?: string | undefined;
    stream_id?: string | undefined;
    on_disconnect?: "stop" | "continue" | undefined;
  }
  & (
    | { prompt: string; parent_id?: Id | null | undefined } & No<"messages" | "reroll_of" | "continue_of" | "answer_to">
    | { messages: ContextMessage[]; parent_id?: Id | null | undefined }
      & No<"prompt" | "reroll_of" | "continue_of" | "answer_to">
    | { reroll_of: Id } & No<"prompt" | "messages" | "continue_of" | "answer_to" | "parent_id">
    | { continue_of: Id } & No<"prompt" | "messages" | "reroll_of" | "answer_to" | "parent_id">
    | { answer_to: Id } & No<"prompt" | "messages" | "reroll_of" | "continue_of" | "parent_id">
  );

/** These fields are absent. */
type No<Name extends string> = { [Key in Name]?: undefined };

/** A message of a context that the client sends in place of the stored path; the last one is the prompt. */
export interface ContextMessage {
  role: "user" | "assistant";
  content: string;
}

/** What a loop over a generation gets; a failure is thrown instead. */
export type GenerationEvent =
  | { type: "start" } & StartData
  | { type: "token"; text: string; offset: number }
  | { type: "reasoning"; text: string }
  | { type: "done" } & DoneData;

/**
 * How a generation ended for this reader. `completed`: the provider finished. `cancelled`: it was stopped by a cancel.
 * `disconnected`: the relay stopped it, because its client had gone. `failed`: see `error`. `detached`: this reader
 * left, and how the generation ends is not known here.
 */
export type Outcome =
  | "completed"
  | "cancelled"
  | "disconnected"
  | "failed"
  | "detached";

/** What POST /cancel found: the generation was running, or how it had ended. */
export type CancelStatus =
  | "cancelling"
  | "completed"
  | "cancelled"
  | "disconnected"
  | "failed"
  | "interrupted";

/** Where a cancel cuts the text. */
export interface CancelOptions {
  /** The offset that the reader had seen; absent: all that came is stored. What another reader was sent is never cut. */
  at?: number | undefined;
}

/** How a test of a bot went. */
export type BotTest =
  & { model: string }
  & (
    | { ok: false; error: { code: ErrorCode; message: string } }
    | {
      ok: true;
      /** Null: the provider has no list that can be read. */
      is_listed: boolean | null;
      /** The window that the provider names, or that a refusal has taught. */
      context_tokens: number | null;
      first_token_ms: number;
    }
  );

/** What a start would send. Tokens are estimated, as the relay does when it decides what is left out. */
export interface Preview {
  bot_id: Id;
  /** Why this bot: the request names it, it is the conversation's, the user's default, or the one changed last. */
  bot_reason: "explicit" | "conversation" | "default" | "latest" | "hook";
  model: string;
  conversation_id: Id | null;
  /** The message that would be answered; null: none. */
  parent_id: Id | null;
  /** In this order, the instructions first; `message_id` is null where it is no stored message. */
  messages: {
    role: "system" | "user" | "assistant";
    characters: number;
    estimated_tokens: number;
    message_id: Id | null;
  }[];
  /** What stands for everything up to and with this message. */
  memory: { message_id: Id; characters: number } | null;
  /** How many messages of the path are left out; null: too many to count. */
  left_out: number | null;
  estimated_tokens: number;
  /** What the model can read at once, the answer included; null: unknown, and nothing is left out. */
  context_tokens: number | null;
  /** What is kept free for the answer. */
  reply_tokens: number | null;
  /** Whether it would be sent; else a start is refused with `context_exceeded`. */
  fits: boolean;
}

/** The end of a generation. */
export type Result =
  & {
    streamId: string;
    /** All text that was shown, from the offset at which the reading began: what came after a cancel is not. */
    text: string;
    /** The row of `messages`; null if nothing was stored, or the relay could not say yet. */
    messageId: Id | null;
    /** The provider's, or the relay's: see the protocol. Null if no `done` came. */
    finishReason: string | null;
    usage: Usage | null;
  }
  & ({ outcome: "failed"; error: RelayClientError } | {
    outcome: Exclude<Outcome, "failed">;
    error: null;
  });

/** Called as it happens. What a callback throws becomes an uncaught error, as in any event listener. */
export interface Callbacks {
  onStart?: ((start: StartData) => void) | undefined;
  /** `offset` is the message's length, in UTF-16 code units, after this text. */
  onToken?: ((text: string, offset: number) => void) | undefined;
  onReasoning?: ((text: string) => void) | undefined;
  /** The connection failed or broke; the next attempt comes after `delayMs`. */
  onRetry?: ((error: RelayClientError, delayMs: number) => void) | undefined;
  /** The end, unless it is a failure. */
  onDone?: ((result: Result) => void) | undefined;
  onError?: ((error: RelayClientError, result: Result) => void) | undefined;
}

/** The callbacks, and a signal that detaches when it aborts. */
export interface ReadOptions extends Callbacks {
  signal?: AbortSignal | undefined;
}

/** Where a resumed reader begins. */
export interface ResumeOptions extends ReadOptions {
  /** The offset of the text that the reader has; 0, the default, reads from the beginning. */
  from?: number | undefined;
}

/**
 * A generation that is being read. It is read to its end even if no loop runs over it: leaving a loop neither cancels
 * nor detaches. Several loops may run over it, and each sees everything from the beginning; what a slow loop has missed
 * comes as one event.
 */
export interface Generation extends AsyncIterable<GenerationEvent> {
  readonly streamId: string;
  /** Null until the relay has sent it, and for a reading that began in the middle of the text. */
  readonly start: StartData | null;
  /** The text so far. */
  readonly text: string;
  /** The text alone, as it comes; throws if the generation fails. */
  readonly tokens: AsyncIterable<string>;
  /** Never rejects. */
  readonly done: Promise<Result>;
  /**
   * Stops the generation for all its readers, and cuts the text where it is shown now; settles with its end. Rejects if
   * the relay cannot be reached: then the text goes on.
   */
  cancel(): Promise<Result>;
  /** Stops reading; `on_disconnect` decides what that means for the generation. */
  detach(): void;
}

/** How often and how soon a lost connection is made again. */
export interface RetryOptions {
  /** Attempts in a row that bring nothing new; then the generation has failed. */
  attempts: number;
  /** The first wait, at most; each further one may be twice as long. */
  baseMs: number;
  /** The longest wait, unless the relay asks for more. */
  capMs: number;
}

/** Calls back once after `ms`; the returned function cancels the timer. */
export type After = (ms: number, callback: () => void) => () => void;

/** The body of a response: the part of a ReadableStream that the client uses. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<unknown>;
  };
}

/** What the client passes to `fetch` after the URL. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
}

/** The part of a Response that the client reads. */
export interface FetchAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Nothing can be streamed without it. React Native's own `fetch` has none. */
  readonly body?: ByteStream | null | undefined;
  text(): Promise<string>;
}

/** Fits the runtime's `fetch`, and those of packages that have types of their own. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

/** Further headers: by name, as pairs, or as a `Headers`. */
export type HeaderFields =
  | Record<string, string>
  | readonly (readonly [string, string])[]
  | { get(name: string): string | null; forEach(each: (value: string, name: string) => void): void };

/** What a client can be given in addition to the relay's address; tests replace the last three. */
export interface ClientOptions {
  /**
   * Sent with each request, such as `x-region`; a function is called before each one. A request is not sent if they name
   * what the client sends itself: `authorization`, `content-type`, `last-event-id`, and with `supabase` its `apikey`.
   */
  headers?: HeaderFields | (() => HeaderFields | Promise<HeaderFields>) | undefined;
  retry?: Partial<RetryOptions> | undefined;
  fetch?: Fetch | undefined;
  after?: After | undefined;
  random?: (() => number) | undefined;
}
