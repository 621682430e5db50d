/** POST /stream starts a generation, GET /stream/{stream_id} reads one, or the one that a conversation waits for. */

import type { Caller } from "../_relay/auth/verify.ts";
import type { BeginAnswer, Rate } from "../_relay/database/begin.ts";
import type { Database } from "../_relay/database/database.ts";
import type { AdmittedRequest, StartedRequest } from "../_relay/generation/generation.ts";
import type { Generations } from "../_relay/generation/generations.ts";
import type { RemoteReaders } from "../_relay/generation/remote_readers.ts";
import { readJson } from "../_relay/http/body.ts";
import { createEndpoint, type RequestContext } from "../_relay/http/endpoint.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import { type Clock, pause } from "../_relay/platform/clock.ts";
import {
  contextBytes,
  GENERATION_BYTES,
  type Hold,
  maxRoomOf,
  pathBytes,
  READER_BYTES,
} from "../_relay/platform/memory.ts";
import { RelayError, toRelayError } from "../_relay/protocol/errors.ts";
import {
  BUSY_PAUSE_MS,
  BUSY_WAIT_MS,
  FIRST_CONTEXT_CHARACTERS,
  MAX_CONTEXT_CHARACTERS,
} from "../_relay/protocol/limits.ts";
import {
  id as idSchema,
  parseStreamRequest,
  streamId as streamIdSchema,
  type StreamRequest,
} from "../_relay/protocol/requests.ts";
import { previewOf } from "./preview.ts";
import { checkExists, lastEventId, type Resume } from "./resume.ts";
import { type BotTestDependencies, createBotTest } from "./test_bot.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface StreamDependencies extends BotTestDependencies {
  refusals: Refusals;
  verify: (request: Request) => Promise<Caller>;
  database: Database;
  generations: Generations;
  remoteReaders: RemoteReaders;
  /** One for the worker, because it counts each user's readers. */
  resume: Resume;
}

/** Headers and `start` leave as soon as the generation is admitted; what fails later is an event. */
export function createStreamHandler(
  dependencies: StreamDependencies,
  parse: (body: unknown) => StreamRequest = parseStreamRequest,
): (request: Request) => Promise<Response> {
  const test = createBotTest(dependencies);
  return createEndpoint(
    dependencies,
    "stream",
    ["GET", "POST"],
    (request, context) =>
      request.method === "POST"
        ? start(dependencies, parse, test, request, context)
        : read(dependencies, request, context),
  );
}

async function start(
  dependencies: StreamDependencies,
  parse: (body: unknown) => StreamRequest,
  test: ReturnType<typeof createBotTest>,
  request: Request,
  context: RequestContext,
): Promise<Response> {
  const { verify, starts, platform, generations, resume } = dependencies;
  const isTest = context.rest.join("/") === "test";
  if (context.rest.length > 0 && !isTest) throw new RelayError("stream_not_found");
  const caller = await verify(request);
  const { userId } = caller;
  if (isTest) return await test(userId, request);
  return await starts.run(userId, async () => {
    const holds: Hold[] = [];
    try {
      const [memory, seat] = [GENERATION_BYTES, READER_BYTES].map((bytes) => {
        holds.push(platform.memory.open(userId, bytes));
        return holds.at(-1)!;
      });
      const started = await admit(dependencies, parse, request, context, caller, { memory, seat });
      if (started.preview) return Response.json(started.preview);
      if (started.admitted !== null) {
        const body = generations.start(started.admitted, started.baseUrl);
        // The holds are the generation's from here on.
        holds.length = 0;
        return eventStream(started.streamId, body);
      }
      for (const hold of holds) hold.end();
      return eventStream(started.streamId, await resume(userId, started.streamId, started.from));
    } finally {
      for (const hold of holds) hold.end();
    }
  });
}

/** What a start holds from before its body is read. */
type Held = Pick<StartedRequest, "memory" | "seat">;

/** A generation that may begin, or the stream that the user has under this name. */
async function admit(
  dependencies: StreamDependencies,
  parse: (body: unknown) => StreamRequest,
  request: Request,
  { headers, requestId, startedAt }: RequestContext,
  caller: Caller,
  held: Held,
) {
  const streamRequest = parse(await readJson(request, dependencies.platform.clock, held.memory));
  if (streamRequest.preview) {
    const { rate, preview } = await look(dependencies, caller, held.memory, streamRequest);
    setRate(headers, rate);
    return { preview };
  }
  const streamId = streamRequest.stream_id ?? crypto.randomUUID();
  const from = lastEventId(request);
  // A client that connects again by itself repeats its POST: without a name that would be another generation.
  if (from && streamRequest.stream_id === undefined) throw new RelayError("stream_id_required");
  const answer = await begin(dependencies, caller, held.memory, streamId, streamRequest);
  setRate(headers, answer.rate);
  if ("refusal" in answer) throw answer.refusal;
  if ("exists" in answer) return { streamId, from, admitted: null };
  const { admission } = answer;
  const { system, on_disconnect } = streamRequest;
  const { userId } = caller;
  const admitted = { ...held, userId, streamId, request: { system, on_disconnect }, admission, requestId, startedAt };
  return { streamId, admitted, baseUrl: await approve(dependencies, admitted) };
}

/**
 * The context is held before it is read. A stored path that is longer than most costs a second call: the first one says
 * how long it is, and writes nothing.
 */
async function begin(
  { platform, database, calls, generations, starts }: StreamDependencies,
  caller: Caller,
  memory: Hold,
  streamId: string,
  request: StreamRequest,
) {
  const { userId } = caller;
  const fence = crypto.randomUUID();
  // The text that is continued is a part of what is sent, and of the generation's own text.
  const isContinued = request.continue_of !== undefined;
  const maxRoom = maxRoomOf(platform.memory, isContinued);
  const ask = (maxContext: number, bytes: number) =>
    calls.run(userId, async () => {
      memory.cover(bytes);
      try {
        return await database.begin({ ...caller, streamId, fence, request, maxContext, maxRoom });
      } catch (error) {
        generations.abandon(streamId, fence);
        throw error;
      }
    });
  const given = request.messages && GENERATION_BYTES + contextBytes(request.messages);
  const first = () => ask(FIRST_CONTEXT_CHARACTERS, given ?? pathBytes(FIRST_CONTEXT_CHARACTERS, isContinued));
  let answer = await askWhileEnding(platform.clock, first);
  for (let asked = FIRST_CONTEXT_CHARACTERS; "refusal" in answer;) {
    const { characters = 0 } = answer;
    if (characters <= asked || characters > MAX_CONTEXT_CHARACTERS) return answer;
    if (pathBytes(characters, isContinued) > platform.memory.userBytes) throw tooLong(characters);
    // It may have grown by then.
    asked = characters;
    answer = await starts.runLong(userId, () => ask(characters, pathBytes(characters, isContinued)));
  }
  if ("admission" in answer && given === undefined) {
    const { context, continued, system_prompt, memory: remembered } = answer.admission;
    const texts = [continued, system_prompt, remembered?.content, ...context.map(({ content }) => content)];
    memory.fits(pathBytes(lengthOf(texts), isContinued));
  }
  return answer;
}

/** An answer that is about to end is stored within two beats, and is then a part of the context. */
async function askWhileEnding(clock: Clock, ask: () => Promise<BeginAnswer>): Promise<BeginAnswer> {
  const until = clock.now() + BUSY_WAIT_MS;
  for (;;) {
    const answer = await ask();
    if (!("refusal" in answer) || !answer.endsSoon || clock.now() >= until) return answer;
    await pause(clock, BUSY_PAUSE_MS);
  }
}

/** Answers what a start would send. The texts stay in the database; memory is held for the sizes of many messages. */
async function look(
  { platform, database, calls }: StreamDependencies,
  caller: Caller,
  memory: Hold,
  request: StreamRequest,
) {
  const { userId } = caller;
  const start = { ...caller, streamId: crypto.randomUUID(), fence: crypto.randomUUID(), request };
  const isContinued = request.continue_of !== undefined;
  const bounds = { maxContext: MAX_CONTEXT_CHARACTERS, maxRoom: maxRoomOf(platform.memory, isContinued) };
  const answer = await calls.run(userId, () => {
    const sent = request.messages?.map(({ content }) => content);
    memory.cover(pathBytes(sent ? lengthOf(sent) : FIRST_CONTEXT_CHARACTERS, false));
    return database.preview({ ...start, ...bounds });
  });
  if ("refusal" in answer) throw answer.refusal;
  return { rate: answer.rate, preview: previewOf(answer.preview, request) };
}

function lengthOf(texts: (string | null | undefined)[]): number {
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}

function tooLong(characters: number): RelayError {
  return new RelayError(
    "payload_too_large",
    `Cannot send the conversation: its path has ${characters} characters, more than fit into a user's share of this worker's memory`,
  );
}

/** A base URL that the relay does not call ends the generation before it has begun; null: a fallback may be called. */
async function approve(
  { checkAddress, generations }: StreamDependencies,
  admitted: AdmittedRequest,
): Promise<URL | null> {
  if (admitted.admission.rests || admitted.admission.fallbacks.length > 0) return null;
  try {
    return await checkAddress(admitted.admission.access_path);
  } catch (cause) {
    const error = toRelayError(cause);
    generations.refuse(admitted, error);
    throw error;
  }
}

async function read(
  dependencies: StreamDependencies,
  request: Request,
  { rest }: RequestContext,
): Promise<Response> {
  const { userId } = await dependencies.verify(request);
  const from = lastEventId(request);
  const conversationId = rest.length === 0 ? new URL(request.url).searchParams.get("conversation_id") : null;
  if (conversationId) return await readRunning(dependencies, userId, conversationId, from, request.method);
  const streamId = rest.join("/");
  // A text that cannot be an id names no stream.
  if (!streamIdSchema.safeParse(streamId).success) throw new RelayError("stream_not_found");
  return await open(dependencies, userId, streamId, from, request.method);
}

/** The answer for a conversation without a generation does not say whether it exists, or is the user's. */
async function readRunning(
  dependencies: StreamDependencies,
  userId: string,
  conversationId: string,
  from: number | null,
  method: string,
): Promise<Response> {
  // The generation that runs now need not be the one that the offset belongs to.
  if (from) throw new RelayError("stream_id_required");
  const streamId = idSchema.safeParse(conversationId).success
    ? await dependencies.calls.run(userId, () => dependencies.database.running(userId, conversationId))
    : null;
  if (streamId === null) return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
  return await open(dependencies, userId, streamId, from, method);
}

async function open(
  dependencies: StreamDependencies,
  userId: string,
  streamId: string,
  from: number | null,
  method: string,
): Promise<Response> {
  if (method === "HEAD") {
    await checkExists(dependencies, userId, streamId);
    return eventStream(streamId, null);
  }
  return eventStream(streamId, await dependencies.resume(userId, streamId, from));
}

function eventStream(streamId: string, body: ReadableStream<Uint8Array> | null): Response {
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-stream-id": streamId,
    },
  });
}

function setRate(headers: Headers, rate: Rate) {
  headers.set("ratelimit-limit", String(rate.limit));
  headers.set("ratelimit-remaining", String(rate.remaining));
  headers.set("ratelimit-reset", String(rate.reset_s));
}
