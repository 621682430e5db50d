/** How the fake provider speaks each API: what it is asked, and what it answers. */

/** A message of a request, as chat completions have it. */
export interface Message {
  role: string;
  content: string;
}

/** A failure that every API has words of its own for. */
export type Failure = "overloaded" | "rate_limit" | "key" | "window" | "refused";

/** One answer, event by event; each call gives what is to be sent, with what must come before it. */
export interface Speaker {
  text(content: string): string;
  reasoning(content: string): string;
  /** `stop`, `length` or `content_filter`, with the usual usage, and the end of the answer. */
  finish(reason: string): string;
  fail(failure: Failure, message: string): string;
}

/** One API. */
export interface Speech {
  /** What its endpoint adds to the base URL. */
  path: RegExp;
  // deno-lint-ignore no-explicit-any
  messagesOf(body: any): Message[];
  speaker(): Speaker;
  /** The body of a refusal. */
  refusal(failure: Failure, status: number, message: string): unknown;
}

/** What `finish` reports. */
export const USAGE = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 };

/** The status of each refusal. */
export const STATUSES: Record<Failure, number> = {
  overloaded: 503,
  rate_limit: 429,
  key: 401,
  window: 400,
  refused: 400,
};

/** The bytes of one event. */
export const event = (data: unknown): string => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

const named = (type: string, fields: object) => `event: ${type}\n${event({ type, ...fields })}`;

/** The event of a chunk with this delta, in chat completions. */
export function deltaEvent(delta: Record<string, unknown>): string {
  return event({ object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null }] });
}

/** The event of a chunk of text, in chat completions. */
export const tokenEvent = (content: string): string => deltaEvent({ content });

/** The events that end an answer as OpenAI ends it, in chat completions. */
export function finishEvents(reason = "stop"): string {
  return event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] }) +
    event({ choices: [], usage: USAGE }) + event("[DONE]");
}

const OPENAI_CODES: Record<Failure, string> = {
  overloaded: "server_error",
  rate_limit: "rate_limit_exceeded",
  key: "invalid_api_key",
  window: "context_length_exceeded",
  refused: "invalid_prompt",
};
const openAiError = (failure: Failure, message: string) => ({
  error: { message, type: "x_error", param: null, code: OPENAI_CODES[failure] },
});

const CHAT_COMPLETIONS: Speech = {
  path: /\/chat\/completions$/,
  messagesOf: ({ messages }) => messages,
  speaker: () => ({
    text: tokenEvent,
    reasoning: (reasoning_content) => deltaEvent({ reasoning_content }),
    finish: finishEvents,
    fail: (failure, message) => event(openAiError(failure, message)),
  }),
  refusal: (failure, _, message) => openAiError(failure, message),
};

const ANTHROPIC_TYPES: Record<Failure, string> = {
  overloaded: "overloaded_error",
  rate_limit: "rate_limit_error",
  key: "authentication_error",
  window: "invalid_request_error",
  refused: "invalid_request_error",
};
const anthropicError = (failure: Failure, message: string) => ({
  type: "error",
  error: { type: ANTHROPIC_TYPES[failure], message },
});

const ANTHROPIC_MESSAGES: Speech = {
  path: /\/messages$/,
  messagesOf: (
    { system, messages },
  ) => [...system === undefined ? [] : [{ role: "system", content: system }], ...messages],
  speaker() {
    const reasons: Record<string, string> = { stop: "end_turn", length: "max_tokens", content_filter: "refusal" };
    let block: { kind: string; index: number } | null = null;
    const end = () => block === null ? "" : named("content_block_stop", { index: block.index });

    /** Text and thoughts stand in blocks of their own. */
    function begin(kind: string, content_block: object): string {
      if (block?.kind === kind) return "";
      const message = { type: "message", role: "assistant", content: [], usage: { input_tokens: 7, output_tokens: 1 } };
      const before = block === null ? named("message_start", { message }) + named("ping", {}) : end();
      block = { kind, index: (block?.index ?? -1) + 1 };
      return before + named("content_block_start", { index: block.index, content_block });
    }

    const delta = (delta: object) => named("content_block_delta", { index: block!.index, delta });
    return {
      text: (text) => begin("text", { type: "text", text: "" }) + delta({ type: "text_delta", text }),
      reasoning: (thinking) =>
        begin("thinking", { type: "thinking", thinking: "" }) + delta({ type: "thinking_delta", thinking }),
      finish: (reason) =>
        begin(block?.kind ?? "text", { type: "text", text: "" }) + end() +
        named("message_delta", { delta: { stop_reason: reasons[reason] ?? reason }, usage: { output_tokens: 11 } }) +
        named("message_stop", {}),
      fail: (failure, message) => named("error", anthropicError(failure, message)),
    };
  },
  refusal: (failure, _, message) => anthropicError(failure, message),
};

const OPENAI_RESPONSES: Speech = {
  path: /\/responses$/,
  messagesOf: ({ instructions, input }) => [
    ...instructions === undefined ? [] : [{ role: "system", content: instructions }],
    ...input,
  ],
  speaker() {
    let number = 0;
    let text = "";
    const say = (type: string, fields: object) => named(type, { sequence_number: number++, ...fields });
    const begin = () =>
      number === 0 ? say("response.created", { response: { status: "in_progress", error: null } }) : "";
    const usage = { input_tokens: 7, output_tokens: 11, total_tokens: 18 };
    const reasons: Record<string, string> = { length: "max_output_tokens" };
    const at = { item_id: "msg_1", output_index: 1, content_index: 0 };
    return {
      text(delta) {
        text += delta;
        return begin() + say("response.output_text.delta", { ...at, delta, logprobs: [], obfuscation: "xY" });
      },
      reasoning: (delta) =>
        begin() +
        say("response.reasoning_summary_text.delta", { item_id: "rs_1", output_index: 0, summary_index: 0, delta }),
      finish(reason) {
        const output = [{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }];
        const status = reason === "stop" ? "completed" : "incomplete";
        const incomplete_details = reason === "stop" ? null : { reason: reasons[reason] ?? reason };
        return begin() + say("response.output_text.done", { ...at, text }) +
          say(`response.${status}`, { response: { status, error: null, incomplete_details, output, usage } });
      },
      fail: (failure, message) =>
        begin() +
        say("response.failed", { response: { status: "failed", error: { code: OPENAI_CODES[failure], message } } }),
    };
  },
  refusal: (failure, _, message) => openAiError(failure, message),
};

const GOOGLE_STATUSES: Record<Failure, string> = {
  overloaded: "UNAVAILABLE",
  rate_limit: "RESOURCE_EXHAUSTED",
  key: "UNAUTHENTICATED",
  window: "INVALID_ARGUMENT",
  refused: "FAILED_PRECONDITION",
};
const googleError = (failure: Failure, code: number, message: string) => ({
  error: { code, message, status: GOOGLE_STATUSES[failure] },
});

const GEMINI: Speech = {
  path: /\/models\/[^/]+:streamGenerateContent$/,
  messagesOf: ({ systemInstruction, contents }) => {
    const textOf = ({ parts }: { parts: { text: string }[] }) => parts.map(({ text }) => text).join("");
    return [
      ...systemInstruction === undefined ? [] : [{ role: "system", content: textOf(systemInstruction) }],
      ...contents.map((content: { role: string; parts: { text: string }[] }) => ({
        role: content.role === "model" ? "assistant" : content.role,
        content: textOf(content),
      })),
    ];
  },
  speaker() {
    const reasons: Record<string, string> = { stop: "STOP", length: "MAX_TOKENS", content_filter: "SAFETY" };
    const say = (candidate: object, usageMetadata: object) =>
      event({ candidates: [{ ...candidate, index: 0 }], usageMetadata, modelVersion: "m" }).replaceAll("\n", "\r\n");
    const part = (part: object) =>
      say({ content: { parts: [part], role: "model" } }, { promptTokenCount: 7, totalTokenCount: 7 });
    return {
      text: (text) => part({ text }),
      reasoning: (text) => part({ text, thought: true }),
      finish: (reason) =>
        say({ finishReason: reasons[reason] ?? reason }, {
          promptTokenCount: 7,
          candidatesTokenCount: 11,
          totalTokenCount: 18,
        }),
      fail: (failure, message) => event(googleError(failure, STATUSES[failure], message)),
    };
  },
  // Google's is a 400 for a wrong key.
  refusal: (failure, status, message) => googleError(failure, status, message),
};

/** All of them, by the names that bots have for them. */
export const SPEECHES: Record<string, Speech> = {
  chat_completions: CHAT_COMPLETIONS,
  anthropic_messages: ANTHROPIC_MESSAGES,
  openai_responses: OPENAI_RESPONSES,
  gemini: GEMINI,
};
