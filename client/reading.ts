/** What one reader knows of a generation: takes events, tells callbacks and loops. */

import type { EventSourceMessage } from "eventsource-parser";
import type { DoneData, ErrorData, StartData } from "../supabase/functions/_relay/protocol/events.ts";
import { RelayClientError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { newPart } from "./transcript.ts";
import type { Callbacks, GenerationEvent, Outcome, Result } from "./types.ts";

/** The state behind a Generation. Only `take` and `settle` write it. */
export interface Reading {
  start: StartData | null;
  /** The text behind the offset that the reading began at. */
  text: string;
  /** The message's length, in UTF-16 code units, as far as it is known here. */
  offset: number;
  /** Grows with each event that brings something new, a sign of life among them. */
  news: number;
  /** Null until the end. */
  result: Result | null;
  done: Promise<Result>;
  /** Calls back after the state has changed, and wakes the loops. */
  tell(callback: () => void): void;
  /** Tells whether this was the last event; throws where it cannot be used. */
  take(event: EventSourceMessage): boolean;
  /** Ends the reading, unless it has ended. */
  settle(outcome: Outcome, error?: RelayClientError | null, last?: DoneData): void;
  events(): AsyncGenerator<GenerationEvent, void>;
}

/** `from` is the offset of the text that the reader has already. */
export function createReading(streamId: string, from: number, callbacks: Callbacks): Reading {
  let reasoning = "";
  let done: DoneData | undefined;
  let resolveDone!: (result: Result) => void;
  let wake = () => {};
  let changed: Promise<void> | null = null;

  const reading: Reading = {
    start: null,
    text: "",
    offset: from,
    news: 0,
    result: null,
    done: new Promise((resolve) => resolveDone = resolve),
    tell(callback) {
      reading.news++;
      changed = null;
      wake();
      try {
        callback();
      } catch (error) {
        // As uncaught as in an event listener; the stream does not suffer from it.
        queueMicrotask(() => {
          throw error;
        });
      }
    },
    take({ event, id, data }) {
      if (event === "start" && !reading.start) {
        const start: StartData = parseJson(data);
        reading.start = start;
        reading.tell(() => callbacks.onStart?.(start));
      } else if (event === "token") {
        // An event without an offset can only go on where the text is.
        const end = Number(id ?? reading.offset + data.length);
        const text = newPart(data, end, reading.offset);
        if (text) {
          reading.text += text;
          reading.offset = end;
          reading.tell(() => callbacks.onToken?.(text, end));
        }
      } else if (event === "reasoning") {
        reasoning += data;
        reading.tell(() => callbacks.onReasoning?.(data));
      } else if (event === "ping") {
        reading.news++;
      } else if (event === "done") {
        const last: DoneData = parseJson(data);
        reading.settle(outcomeOf(last), null, last);
      } else if (event === "error") {
        reading.settle("failed", failureOf(parseJson(data)));
      }
      return !!reading.result;
    },
    settle(outcome, error = null, last) {
      if (reading.result) return;
      done = last;
      const result = {
        outcome,
        streamId,
        text: reading.text,
        messageId: last?.message_id ?? error?.messageId ?? null,
        finishReason: last?.finish_reason ?? null,
        usage: last?.usage ?? null,
        error,
      } as Result;
      reading.result = result;
      resolveDone(result);
      reading.tell(() => error ? callbacks.onError?.(error, result) : callbacks.onDone?.(result));
    },
    async *events() {
      let greeted = false;
      let told = 0;
      let thought = 0;
      for (;;) {
        const { start, result } = reading;
        if (start && !greeted) {
          greeted = true;
          yield { type: "start", ...start };
        } else if (reasoning.length > thought) {
          const text = reasoning.slice(thought);
          thought = reasoning.length;
          yield { type: "reasoning", text };
        } else if (reading.text.length > told) {
          const text = reading.text.slice(told);
          told += text.length;
          yield { type: "token", text, offset: from + told };
        } else if (!result) {
          await (changed ??= new Promise((resolve) => wake = resolve));
        } else {
          if (result.error) throw result.error;
          if (done) yield { type: "done", ...done };
          return;
        }
      }
    },
  };
  return reading;
}

function outcomeOf({ is_complete, finish_reason }: DoneData): Outcome {
  if (is_complete) return "completed";
  return finish_reason === "cancelled" ? "cancelled" : "disconnected";
}

function failureOf(data: ErrorData): RelayClientError {
  const { code, message, retryable, message_id } = data;
  return new RelayClientError(code, message, { retryable, messageId: message_id });
}
