/** What callers of the client give and get. */

import type { DoneData, StartData, Usage } from "../supabase/functions/_relay/protocol/events.ts";
import type { StreamRequest } from "../supabase/functions/_relay/protocol/requests.ts";
import type { RelayClientError } from "./errors.ts";
import type { After } from "./timers.ts";

type Field<K extends keyof StreamRequest> = NonNullable<StreamRequest[K]>;

/** The body of POST /stream: exactly one of `prompt` and `reroll_of`. Without a `stream_id` the client makes one. */
export type StartRequest =
  & Partial<Omit<StreamRequest, "prompt" | "reroll_of" | "parent_id">>
  & ({
    prompt: Field<"prompt">;
    parent_id?: StreamRequest["parent_id"];
    reroll_of?: undefined;
  } | {
    reroll_of: Field<"reroll_of">;
    prompt?: undefined;
    parent_id?: undefined;
  });

/** What a generation says; a failure is not among it, it is thrown. */
export type GenerationEvent =
  | { type: "start" } & StartData
  | { type: "token"; text: string; offset: number }
  | { type: "reasoning"; text: string }
  | { type: "done" } & DoneData;

/**
 * How a generation ended for this reader. `completed`: the provider finished. `cancelled`: somebody stopped it.
 * `disconnected`: the relay stopped it, because its client had gone. `failed`: see `error`. `detached`: this reader
 * left, and what became of the generation is not known here.
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

/** The end of a generation. */
export type Result =
  & {
    streamId: string;
    /** All text that came, from the offset on that the reading began at. */
    text: string;
    /** The row of `messages`; null where nothing was stored, or the relay could not yet say. */
    messageId: string | null;
    /** The provider's, or the relay's: see the protocol. Null where no `done` came. */
    finishReason: string | null;
    usage: Usage | null;
  }
  & ({ outcome: "failed"; error: RelayClientError } | {
    outcome: Exclude<Outcome, "failed">;
    error: null;
  });

/** Told as it happens. What a callback throws becomes an uncaught error, as in any event listener. */
export interface Callbacks {
  onStart?(start: StartData): void;
  /** `offset` is the message's length, in UTF-16 code units, after this text. */
  onToken?(text: string, offset: number): void;
  onReasoning?(text: string): void;
  /** The connection was lost, or not made; the next attempt comes after `delayMs`. */
  onRetry?(error: RelayClientError, delayMs: number): void;
  /** The end, unless it is a failure. */
  onDone?(result: Result): void;
  onError?(error: RelayClientError, result: Result): void;
}

/** Beside the callbacks, a signal that detaches when it aborts. */
export interface ReadOptions extends Callbacks {
  signal?: AbortSignal;
}

/** Where a resumed reader stands. */
export interface ResumeOptions extends ReadOptions {
  /** The offset of the text that the reader has; 0, the default, reads from the beginning. */
  from?: number;
}

/**
 * A generation that is being read. It is read to its end also when nobody iterates: leaving a loop over it neither
 * cancels nor detaches. Several loops may run over it, and each sees everything from the beginning; what a slow loop
 * has missed comes as one event.
 */
export interface Generation extends AsyncIterable<GenerationEvent> {
  readonly streamId: string;
  /** Null until the relay has said it, and where the reading began amid the text. */
  readonly start: StartData | null;
  /** The text so far. */
  readonly text: string;
  /** The text alone, as it comes; throws where the generation fails. */
  readonly tokens: AsyncIterable<string>;
  /** Never rejects. */
  readonly done: Promise<Result>;
  /** Stops the generation for everybody; settles with its end. Rejects where the relay cannot be told. */
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

/** What a client can be given beside the relay's address. */
export interface ClientOptions {
  /** Sent with each request, such as `x-region`. */
  headers?: Record<string, string>;
  retry?: Partial<RetryOptions>;
  fetch?: typeof fetch;
  after?: After;
  random?: () => number;
}
