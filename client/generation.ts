/** What one reader knows of a generation: takes the stream's events, feeds callbacks and loops. */

import { RelayClientError, unreachable } from "./errors.ts";
import { parseJson, type StreamEvent } from "./read_stream.ts";
import type { Callbacks, DoneData, ErrorData, GenerationEvent, Outcome, Result, StartData } from "./types.ts";

/** The state behind a Generation. Only this module writes it. */
export interface GenerationState {
  readonly streamId: string;
  start: StartData | null;
  /** The text after the offset at which the reading began. */
  text: string;
  /** Whether the text was cut where a cancel was asked for. */
  isCut: boolean;
  /** What came after the cut: it is shown if the generation ends otherwise. */
  hidden: string;
  reasoning: string;
  /** The message's length, in UTF-16 code units, as far as it is known here. */
  offset: number;
  /** Grows with each event that brings something new, and with each ping. */
  activity: number;
  last: DoneData | undefined;
  /** Null until the end. */
  result: Result | null;
  done: Promise<Result>;
  callbacks: Callbacks;
  /** Wakes the loops and calls back, after a change. */
  notify(callback: () => void): void;
  /** Settles with the next change. */
  changed(): Promise<void>;
  /** Ends the reading, unless it has ended. */
  settle(outcome: Outcome, error?: RelayClientError | null, last?: DoneData): void;
}

/** `offset` is the length of the text that the reader has already. */
export function createGenerationState(streamId: string, offset: number, callbacks: Callbacks): GenerationState {
  let resolveDone!: (result: Result) => void;
  let wake = () => {};
  let change: Promise<void> | null = null;

  const state: GenerationState = {
    streamId,
    start: null,
    text: "",
    isCut: false,
    hidden: "",
    reasoning: "",
    offset,
    activity: 0,
    last: undefined,
    result: null,
    done: new Promise((resolve) => resolveDone = resolve),
    callbacks,
    notify(callback) {
      state.activity++;
      change = null;
      wake();
      try {
        callback();
      } catch (error) {
        // Uncaught, as in an event listener; the stream goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    },
    changed: () => change ??= new Promise((resolve) => wake = resolve),
    settle(outcome, error = null, last) {
      if (state.result) return;
      state.last = last;
      const result = state.result = {
        outcome,
        streamId,
        text: state.text,
        messageId: last?.message_id ?? error?.messageId ?? null,
        finishReason: last?.finish_reason ?? null,
        usage: last?.usage ?? null,
        error,
      } as Result;
      resolveDone(result);
      state.notify(() => error ? callbacks.onError?.(error, result) : callbacks.onDone?.(result));
    },
  };
  return state;
}

/** Answers whether this was the last event; throws if it cannot be used. */
export function takeEvent(state: GenerationState, { event, id, data }: StreamEvent): boolean {
  const { callbacks, offset } = state;
  if (event === "start" && !state.start) {
    const start: StartData = parseJson(data);
    state.start = start;
    state.notify(() => callbacks.onStart?.(start));
  } else if (event === "token") {
    // An event without an offset can only continue where the text ends; a reconnect may repeat text.
    const end = Number(id ?? offset + data.length);
    const start = end - data.length;
    if (start > offset) throw unreachable(`Cannot read the stream: the text from ${offset} to ${start} is missing`);
    const text = data.slice(offset - start);
    if (text) {
      state.offset = end;
      state.hidden += text;
      if (state.isCut) state.activity++;
      else showText(state);
    }
  } else if (event === "reasoning") {
    state.reasoning += data;
    state.notify(() => callbacks.onReasoning?.(data));
  } else if (event === "ping") {
    state.activity++;
  } else if (event === "done") {
    const last: DoneData = parseJson(data);
    const outcome = outcomeOf(last);
    if (outcome !== "cancelled") showText(state);
    state.settle(outcome, null, last);
  } else if (event === "error") {
    showText(state);
    const { code, message, retryable, message_id }: ErrorData = parseJson(data);
    state.settle("failed", new RelayClientError(code, message, { retryable, messageId: message_id }));
  }
  return !!state.result;
}

/** Shows what was hidden; from then on text is shown as it comes. */
export function showText(state: GenerationState): void {
  const { hidden, offset, callbacks } = state;
  state.isCut = false;
  state.hidden = "";
  if (!hidden) return;
  state.text += hidden;
  state.notify(() => callbacks.onToken?.(hidden, offset));
}

/** A loop's events, from the beginning; throws the failure of a generation that fails. */
export async function* eventsOf(state: GenerationState, from: number): AsyncGenerator<GenerationEvent, void> {
  let isStarted = false;
  let tokens = 0;
  let reasoned = 0;
  for (;;) {
    const { start, text, reasoning, last, result } = state;
    if (start && !isStarted) {
      isStarted = true;
      yield { type: "start", ...start };
    } else if (reasoning.length > reasoned) {
      const part = reasoning.slice(reasoned);
      reasoned = reasoning.length;
      yield { type: "reasoning", text: part };
    } else if (text.length > tokens) {
      const part = text.slice(tokens);
      tokens = text.length;
      yield { type: "token", text: part, offset: from + tokens };
    } else if (!result) {
      await state.changed();
    } else {
      if (result.error) throw result.error;
      if (last) yield { type: "done", ...last };
      return;
    }
  }
}

function outcomeOf({ is_complete, finish_reason }: DoneData): Outcome {
  if (is_complete) return "completed";
  return finish_reason === "cancelled" ? "cancelled" : "disconnected";
}
