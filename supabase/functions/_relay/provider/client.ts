/** Streams from any provider, whichever API it speaks. */

import { OpenAI } from "openai";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { PROVIDER_USAGE_WAIT_MS } from "../protocol/limits.ts";
import type { ByteReads } from "../transport/answer.ts";
import { readsOf } from "../transport/fetch.ts";
import { RelayError } from "../protocol/errors.ts";
import { ANTHROPIC_MESSAGES } from "./anthropic_messages/api.ts";
import type { Api } from "./api.ts";
import { CHAT_COMPLETIONS } from "./chat_completions/api.ts";
import { codeOf, ProviderRefusal, refusalOf, toProviderError } from "./errors.ts";
import { createBoundedFetch, readBytes } from "./fetch.ts";
import { GEMINI } from "./gemini/api.ts";
import { OPENAI_RESPONSES } from "./openai_responses/api.ts";
import { createPacing, type Pacing, type Share } from "./pacing.ts";
import { readProblem } from "./problem.ts";
import type { ApiName, Provider, ProviderCall, ProviderEnd } from "./provider.ts";
import { hintsOf, isOpenAi } from "./hints.ts";
import { type AnswerReader, createAnswerReader, notAStream } from "./reader.ts";
import { secretsOf } from "./redact.ts";
import { leaveOut, refusedFields } from "./request.ts";
import { thinksFirst } from "./thinking.ts";

/** All APIs that a bot can name. */
export const APIS: Record<ApiName, Api> = {
  chat_completions: CHAT_COMPLETIONS,
  anthropic_messages: ANTHROPIC_MESSAGES,
  openai_responses: OPENAI_RESPONSES,
  gemini: GEMINI,
};

/** The dependencies of a client of providers. */
interface Options {
  fetch?: typeof fetch;
  log?: Log;
}

/**
 * The openai package makes the request, whichever API it is for: only the address, the headers and the body differ. The
 * body of the answer is read here, because the package's own reader bounds no line and takes a stream that breaks off
 * for its end. Nothing is retried, because a second request could be a second bill, except one that was refused for a
 * field which it can do without.
 */
export function createProvider(clock: Clock, options: Options = {}): Provider {
  const { log = () => {} } = options;
  const pacing = createPacing(clock);
  // One for the worker, because making one costs tens of microseconds, and memory.
  const client = new Client({
    // The package requires one; it is never sent.
    apiKey: "in the headers",
    fetch: asOurs(createBoundedFetch(clock, options.fetch)),
    maxRetries: 0,
    logLevel: "off",
  });
  return {
    async stream(call, signal, onRead) {
      const secrets = secretsOf(call.accessKey, call.headers ?? {}, call.baseUrl);
      try {
        signal.throwIfAborted();
        const api = apiOf(call);
        const { reads, contentType } = await open(client, api, call, signal);
        const answer = createAnswerReader(api, {
          secrets,
          thinksFirst: call.thinksFirst ?? thinksFirst(call.model),
          contentType,
          onSkippedLine: () => log("warn", "provider_line_skipped", { model: call.model }),
        }, onRead);
        return await readAnswer(clock, pacing, reads, answer, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw toProviderError(error, secrets);
      }
    },
  };
}

/** Throws if this worker does not know the API. */
export function apiOf({ api = "chat_completions" }: ProviderCall): Api {
  if (Object.hasOwn(APIS, api)) return APIS[api as ApiName];
  throw new RelayError("provider_refused", "Cannot ask the provider of this bot: this worker does not know its API");
}

/** What the package passes to its `fetch` without looking at it. */
interface Passed {
  headers: Headers;
  generation: AbortSignal;
}

/** The package would add headers of its own, and what it finds in the worker's environment. */
class Client extends OpenAI {
  override buildRequest({ method, path, body, fetchOptions }: Parameters<OpenAI["buildRequest"]>[0]) {
    const req = { method, body: JSON.stringify(body), ...fetchOptions as object as Passed };
    return Promise.resolve({ req, url: path, timeout: this.timeout });
  }
}

/**
 * Does two things in place of the package. The package knows one shape of a refusal's body and drops all others. From a
 * signal it makes further ones, which are kept as long as the answer lasts; so it gets none. Its own timeout is not
 * used: the deadlines of a generation are shorter.
 */
function asOurs(fetchAny: typeof fetch): typeof fetch {
  return async (input, init) => {
    const { generation } = init as object as Passed;
    const response = await fetchAny(input, { ...init, signal: generation });
    if (response.ok) return response;
    throw new ProviderRefusal(response.status, await response.text(), response.headers.get("retry-after"));
  };
}

/** Returns what is left to read. Nothing else of the response is kept: its headers can be as long as a short answer. */
async function open(client: OpenAI, api: Api, call: ProviderCall, signal: AbortSignal) {
  const response = await request(client, api, call, signal);
  // The messages can be megabytes, and the answer takes minutes.
  Object.assign(call, { messages: [], params: {} });
  const reads = readsOf(response) ?? (response.body === null ? null : readBytes(response.body));
  if (reads === null) throw notAStream("no body");
  return { reads, contentType: response.headers.get("content-type") ?? "" };
}

/** Providers name one field at a time. */
const MAX_REFUSALS = 3;

/** A provider that refuses a field by name has generated nothing, so the request is made again without it. */
async function request(client: OpenAI, api: Api, call: ProviderCall, signal: AbortSignal): Promise<Response> {
  if (isOpenAi(call.baseUrl)) call.hints = await hintsOf(call);
  const body = api.bodyOf(call);
  for (let refusals = 1;; refusals++) {
    try {
      return await send(client, api, call, body, signal);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null || refusals > MAX_REFUSALS || signal.aborted) throw error;
      const problem = readProblem(refusal.body);
      const names = refusedFields(refusal.status, problem, body, api.reserved);
      // A limit that leaves the messages no room is named as well, but they are what is too long.
      if (names.length === 0 || codeOf(problem, refusal.status) === "context_exceeded") throw error;
      // Changes the same body: a copy of its messages could be megabytes.
      leaveOut(names, body, problem);
    }
  }
}

function send(
  client: OpenAI,
  api: Api,
  call: ProviderCall,
  body: Record<string, unknown>,
  generation: AbortSignal,
): Promise<Response> {
  const passed: Passed = { headers: new Headers(api.headersOf(call)), generation };
  // Not by chat.completions.create(), which looks at each field of the body and doubles what the package costs.
  return client.post(api.endpointOf(call), { body, stream: true, fetchOptions: passed as object }).asResponse();
}

async function readAnswer(
  clock: Clock,
  pacing: Pacing,
  reads: ByteReads,
  answer: AnswerReader,
  signal: AbortSignal,
): Promise<ProviderEnd> {
  // The signal alone leaves some providers streaming on: the body must be cancelled too.
  const cancel = () => reads.cancel(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  let isRead = false;
  try {
    const end = await readToEnd(clock, pacing, reads, answer, signal);
    isRead = true;
    return end;
  } finally {
    signal.removeEventListener("abort", cancel);
    if (isRead && reads.leave) reads.leave();
    else reads.cancel(signal.reason ?? new DOMException("The answer was read", "AbortError"));
  }
}

async function readToEnd(
  clock: Clock,
  pacing: Pacing,
  reads: ByteReads,
  answer: AnswerReader,
  signal: AbortSignal,
): Promise<ProviderEnd> {
  const wait = createUsageWait(clock, () => reads.cancel(new DOMException("It is complete", "AbortError")));
  const share = pacing.join();
  try {
    while (!answer.isDone()) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await reads.next();
      } catch (error) {
        // A break after the finish is the end of the answer.
        if (!answer.isComplete()) throw error;
      }
      signal.throwIfAborted();
      if (bytes === undefined) break;
      let hasAdded = false;
      if (share.isFree(bytes.length)) {
        hasAdded = answer.push(bytes);
        if (answer.hasMore()) await giveInTurns(share, answer, signal);
      } else {
        hasAdded = await pushInTurns(share, bytes, answer, signal);
      }
      if (answer.isComplete()) wait.from(hasAdded);
    }
  } finally {
    wait.end();
  }
  signal.throwIfAborted();
  answer.finish();
  await giveInTurns(share, answer, signal);
  return answer.end();
}

/** Parsing costs more than reading, so a large read is parsed in parts, and each part waits for its turn. */
async function pushInTurns(share: Share, bytes: Uint8Array, answer: AnswerReader, signal: AbortSignal) {
  let hasAdded = false;
  for (let at = 0; at < bytes.length && !answer.isDone();) {
    const part = bytes.subarray(at, at + share.turnBytes);
    at += part.length;
    const added = await share.run(() => {
      signal.throwIfAborted();
      return answer.push(part);
    });
    hasAdded ||= added;
    await giveInTurns(share, answer, signal);
  }
  return hasAdded;
}

/**
 * A read can bring far more text than its bytes: the line that it ends, or all of a text that may have been reasoning.
 */
async function giveInTurns(share: Share, answer: AnswerReader, signal: AbortSignal) {
  while (answer.hasMore()) {
    await share.run(() => {
      signal.throwIfAborted();
      answer.giveMore();
    });
  }
}

/** Ends a body whose answer is complete and grows no more. One timer, set again when it fires. */
function createUsageWait(clock: Clock, onOver: () => void) {
  let until: number | null = null;
  let stop = () => {};

  function check() {
    const left = until! - clock.now();
    if (left <= 0) onOver();
    else stop = clock.after(left, check);
  }

  return {
    from(hasAdded: boolean) {
      const isFirst = until === null;
      if (isFirst || hasAdded) until = clock.now() + PROVIDER_USAGE_WAIT_MS;
      if (isFirst) check();
    },
    end: () => stop(),
  };
}
