/** Streams from any provider that speaks OpenAI's chat completions. */

import { OpenAI } from "openai";
import type { Clock } from "../../platform/clock.ts";
import { RelayError } from "../../protocol/errors.ts";
import type { Delta, Provider, ProviderCall, ProviderEnd } from "../provider.ts";
import { toProviderError } from "./errors.ts";
import { type ByteReads, createBoundedFetch, readBytes } from "./fetch.ts";
import { createCompletionReader } from "./reader.ts";

/** Fields of the request that are the relay's; a bot's params cannot set them. */
const RESERVED = ["messages", "model", "n", "stream"];

/**
 * The package makes the request. The body of the answer is read here, because the package's own reader bounds no line
 * and takes a stream that breaks off for its end. Nothing is retried: a second request could be a second bill.
 */
export function createChatCompletions(clock: Clock, options: { timeoutMs: number; fetch?: typeof fetch }): Provider {
  // One for the worker, because each one costs tens of microseconds, and memory.
  const client = new OpenAI({
    // The package requires one; it is never sent.
    apiKey: "in the headers",
    fetch: createBoundedFetch(clock, options.fetch),
    maxRetries: 0,
    timeout: options.timeoutMs,
    logLevel: "off",
  });
  return {
    async stream(call, signal, onDeltas) {
      try {
        signal.throwIfAborted();
        const response = await request(client, call, signal);
        // They can be megabytes, and the answer takes minutes.
        call.messages = [];
        return await readAnswer(response, call.accessKey, signal, onDeltas);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw toProviderError(error, call.accessKey);
      }
    },
  };
}

function request(
  client: OpenAI,
  { baseUrl, accessKey, model, messages, temperature, params }: ProviderCall,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/chat/completions`;
  const allowed = Object.fromEntries(Object.entries(params).filter(([name]) => !RESERVED.includes(name)));
  return client.chat.completions.create({
    ...(temperature === null ? {} : { temperature }),
    stream_options: { include_usage: true },
    ...allowed,
    model,
    messages,
    stream: true,
  }, {
    path: url.href,
    signal,
    // All of them: the package would add what it finds in the worker's environment.
    fetchOptions: { headers: headersFor(accessKey) } as object,
  }).asResponse();
}

/** A key that no header can hold is refused here: the runtime's error would quote it. */
function headersFor(accessKey: string | null): Record<string, string> {
  const headers = { accept: "application/json", "content-type": "application/json" };
  const key = accessKey?.trim();
  if (!key) return headers;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new RelayError("provider_auth", "Cannot send the key of this bot: it has characters that no header can hold");
  }
  return { ...headers, authorization: `Bearer ${key}` };
}

async function readAnswer(
  response: Response,
  accessKey: string | null,
  signal: AbortSignal,
  onDeltas: (deltas: Delta[]) => void,
): Promise<ProviderEnd> {
  if (response.body === null) throw notAStream("no body");
  const reads = readBytes(response.body);
  // The signal alone leaves some providers streaming on: the body must be cancelled too.
  const cancel = () => reads.cancel(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const type = response.headers.get("content-type") ?? "";
    if (/json|html/i.test(type)) throw notAStream(type.split(";", 1)[0]);
    return await readEvents(reads, accessKey, signal, onDeltas);
  } finally {
    signal.removeEventListener("abort", cancel);
    reads.cancel(signal.reason ?? new DOMException("The answer was read", "AbortError"));
  }
}

async function readEvents(
  reads: ByteReads,
  accessKey: string | null,
  signal: AbortSignal,
  onDeltas: (deltas: Delta[]) => void,
): Promise<ProviderEnd> {
  const completion = createCompletionReader(accessKey, onDeltas);
  while (!completion.isDone()) {
    const bytes = await reads.next();
    signal.throwIfAborted();
    if (bytes === undefined) break;
    completion.push(bytes);
  }
  signal.throwIfAborted();
  return completion.end();
}

function notAStream(found: string): RelayError {
  return new RelayError(
    "provider_bad_response",
    `The provider answered with ${JSON.stringify(found.slice(0, 50))}, not with an event stream`,
  );
}
