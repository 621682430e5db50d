/** Sends one request to the relay, and gives its answer only if it is what was asked for. */

import type { Credentials } from "./credentials.ts";
import { failureOf, RelayClientError, unreachable } from "./errors.ts";
import { readText } from "./read_stream.ts";
import type { After, ByteStream, ClientOptions, Fetch, FetchAnswer, HeaderFields } from "./types.ts";

/**
 * For the token, the headers and the answer together: a POST with a body can hang on a worker that was just retired, and
 * what a project hands in may never settle. Past this it is tried again.
 */
const ANSWER_MS = 15_000;

const EVENT_STREAM = "text/event-stream";
const FAILED = "Cannot reach the relay: the connection failed";

/** Characters to read of an answer that is not a stream: an error page may be endless. */
const MAX_BODY_CHARACTERS = 64 * 1024;

/** An event stream to read, or the text of any other answer. */
export interface Answer {
  stream: ByteStream;
  text: string;
  /** Of the stream, if it is one. */
  streamId: string | null;
}

/**
 * A POST of `body`; without one, a GET of the text after the offset. An offset of null asks for no stream, and without a
 * body for a stream's headers alone. The controller can end a stream later. Throws a RelayClientError, or the
 * controller's reason.
 */
export type Send = (path: string, body: unknown, controller: AbortController, offset: number | null) => Promise<Answer>;

/** Renews a refused token once for each request. */
export function createSend(
  credentials: Credentials,
  headers: ClientOptions["headers"],
  request: Fetch,
  after: After,
): Send {
  /** Null if there is no token. */
  async function once(
    tokenOf: () => Promise<string | null>,
    path: string,
    body: unknown,
    controller: AbortController,
    offset: number | null,
  ): Promise<Answer | null> {
    const { signal } = controller;
    const isWanted = offset !== null;
    let awaited = "token";
    const stop = after(
      ANSWER_MS,
      () => controller.abort(unreachable(`Cannot reach the relay: no ${awaited} within 15 s`)),
    );
    try {
      const token = await untilAborted(tokenOf(), signal);
      if (token === null) return null;
      awaited = "headers";
      const given = await untilAborted(typeof headers === "function" ? headers() : headers, signal);
      awaited = "answer";
      const asked = Promise.resolve(request(credentials.url + path, {
        method: body ? "POST" : isWanted ? "GET" : "HEAD",
        headers: withOwn(given, {
          ...credentials.headers,
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "last-event-id": String(offset ?? 0),
        }),
        body: JSON.stringify(body),
        signal,
      }));
      // A fetch that ignores its signal would keep the stream open.
      asked.then((late) => signal.aborted && late.body?.getReader().cancel()).catch(() => {});
      const response = await untilAborted(asked, signal);
      const type = response.headers.get("content-type") ?? "";
      const isStream = response.ok && type.startsWith(EVENT_STREAM);
      const text = isStream ? "" : await textOf(response, signal);
      // React Native's own fetch gives an answer only when it is whole.
      const stream = response.body!;
      if (isStream && isWanted && !stream) {
        throw new RelayClientError("unexpected_response", "Cannot read the stream: this fetch gives no body");
      }
      if (response.ok && isStream === isWanted || isStream && !body) {
        return { stream, text, streamId: response.headers.get("x-stream-id") };
      }
      // A browser takes headers that were cut off for complete ones.
      if (response.ok && EVENT_STREAM.startsWith(type)) throw unreachable(FAILED);
      throw refusalOf(response, text);
    } catch (cause) {
      throw failureOf(cause, signal, FAILED);
    } finally {
      stop();
    }
  }

  return async (...call) => {
    let token = "";
    try {
      return (await once(async () => token = await credentials.token(), ...call))!;
    } catch (error) {
      if ((error as RelayClientError).status !== 401) throw error;
      const answer = await once(() => credentials.refresh(token), ...call);
      if (!answer) throw error;
      return answer;
    }
  };
}

/** What a project hands in may never settle. */
function untilAborted<T>(given: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    Promise.resolve(given).then(resolve, reject);
  });
}

/** In each form that headers can have; those of a package may have no iterator. */
function withOwn(given: HeaderFields | undefined, own: Record<string, string>): Record<string, string> {
  const checked = new Headers();
  const add = (value: string, name: string) => {
    try {
      checked.append(name, value);
    } catch (cause) {
      // Without this, what fetch forbids would look like a connection that failed.
      throw forbidden(name, "its name or value has characters that none can have", cause);
    }
  };
  const addGiven = (value: string, name: string) => {
    if (name.toLowerCase() in own) throw forbidden(name.toLowerCase(), "the client has its own");
    add(value, name);
  };
  const headers = given as Headers | undefined;
  if (typeof headers?.get === "function") headers.forEach(addGiven);
  else for (const [name, value] of Array.isArray(given) ? given : Object.entries(given ?? {})) addGiven(value, name);
  for (const name in own) add(own[name], name);
  const all: Record<string, string> = {};
  checked.forEach((value, name) => all[name] = value);
  return all;
}

function forbidden(name: string, reason: string, cause?: unknown): RelayClientError {
  return new RelayClientError("invalid_request", `Cannot send the header ${name}: ${reason}`, { cause });
}

async function textOf(response: FetchAnswer, signal: AbortSignal): Promise<string> {
  const { body } = response;
  if (!body) return await untilAborted(response.text(), signal);
  let text = "";
  for await (const part of readText(body, signal)) {
    text += part;
    if (text.length > MAX_BODY_CHARACTERS) break;
  }
  // A body that did not end in time is no answer.
  signal.throwIfAborted();
  return text;
}

/** A gateway may refuse with a page of its own, and the answer to a HEAD has none: then only the status says why. */
function refusalOf({ status, headers }: FetchAnswer, text: string): RelayClientError {
  const seconds = parseInt(headers.get("retry-after") ?? "");
  const {
    code = status === 401 ? "unauthenticated" : status < 500 ? "unexpected_response" : "unavailable",
    message = `Cannot use the answer: status ${status}, not from the relay`,
    issues = [],
    stream_id: streamId,
  } = errorIn(text);
  return new RelayClientError(code, message, {
    status,
    // What is spent comes back, but not soon.
    retryable: seconds > 0 && status !== 402 || status === 429 || status >= 500,
    retryAfter: seconds >= 0 ? seconds : undefined,
    issues,
    streamId,
  });
}

function errorIn(text: string): Partial<RelayClientError & { stream_id: string }> {
  try {
    const { error } = JSON.parse(text);
    return typeof error.code === "string" ? error : {};
  } catch {
    return {};
  }
}
