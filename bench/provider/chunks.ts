/** The bytes of a chat completion stream, as api.openai.com sends them with `include_usage`, in chunks of HTTP/1.1. */

import { TOKEN_LENGTH, writeToken } from "../stamp.ts";

const encoder = new TextEncoder();
const PLACE = "#".repeat(TOKEN_LENGTH);

const frame = (choices: unknown[], usage: unknown) =>
  JSON.stringify({
    id: "chatcmpl-CKv3pW0mY9hQ1rJt5uXz8aBcDeFgH",
    object: "chat.completion.chunk",
    created: 1_795_000_000,
    model: "gpt-4o-mini-2024-07-18",
    system_fingerprint: "fp_560af6e559",
    choices,
    usage,
  });
const choice = (
  delta: unknown,
  finish_reason: string | null = null,
) => [{ index: 0, delta, logprobs: null, finish_reason }];
const event = (data: string) => `data: ${data}\n\n`;

/** One chunk of the transfer encoding. */
export function httpChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** The headers, and the event that names the role. */
export const HEAD: Uint8Array = encoder.encode(
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n" +
    httpChunk(event(frame(choice({ role: "assistant", content: "", refusal: null }), null))),
);

/** The reason, the usage, `[DONE]` and the last chunk, which is empty. */
export function tail(tokens: number): Uint8Array {
  const usage = { prompt_tokens: 12, completion_tokens: tokens, total_tokens: tokens + 12 };
  return encoder.encode(
    httpChunk(event(frame(choice({}, "stop"), null))) +
      httpChunk(event(frame([], usage)) + event("[DONE]")) + "0\r\n\r\n",
  );
}

const TOKEN = event(frame(choice({ content: PLACE }), null));
const one = encoder.encode(httpChunk(TOKEN));
const place = one.indexOf("#".charCodeAt(0));

/** One event that is sent at this time. */
export function tokenAt(ms: number): Uint8Array<ArrayBuffer> {
  const bytes = one.slice();
  writeToken(bytes, place, ms);
  return bytes;
}

/** A gateway that meets the same text a hundred times takes the model for broken. */
const TEXTS = ["~word", "~lamp", "~tide", "~ship", "~wind", "~gull"];

/** So many events in one chunk; `from` chooses the first one's text. */
export function tokens(count: number, from = 0): Uint8Array {
  const events = Array.from(
    { length: count },
    (_, place) => TOKEN.replace(PLACE, TEXTS[(from + place) % TEXTS.length]),
  );
  return encoder.encode(httpChunk(events.join("")));
}

const prepared = new Map<number, Uint8Array[]>();

/** Chunks of so many events each, to be sent in turn; made once. */
export function chunksOf(count: number): Uint8Array[] {
  const known = prepared.get(count);
  if (known) return known;
  const made = TEXTS.map((_, from) => tokens(count, from));
  prepared.set(count, made);
  return made;
}
