/** POST /stream starts a generation, GET /stream/{stream_id} reads one. */

import type { Caller } from "../_relay/auth/verify.ts";
import type { Rate } from "../_relay/database/begin.ts";
import type { Database } from "../_relay/database/database.ts";
import type { AdmittedRequest } from "../_relay/generation/generation.ts";
import type { Generations } from "../_relay/generation/generations.ts";
import type { RemoteReaders } from "../_relay/generation/remote_readers.ts";
import { readJson } from "../_relay/http/body.ts";
import { createEndpoint, type RequestContext } from "../_relay/http/endpoint.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { RelayError, toRelayError } from "../_relay/protocol/errors.ts";
import { parseStreamRequest, streamId as streamIdSchema, type StreamRequest } from "../_relay/protocol/requests.ts";
import { checkExists, createResume, lastEventId, type Resume } from "./resume.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface StreamDependencies {
  platform: Platform;
  refusals: Refusals;
  verify: (request: Request) => Promise<Caller>;
  checkAddress: (accessPath: string) => Promise<URL>;
  database: Database;
  generations: Generations;
  remoteReaders: RemoteReaders;
}

/** Headers and `start` leave as soon as the generation is admitted; what fails later is an event. */
export function createStreamHandler(
  dependencies: StreamDependencies,
  parse: (body: unknown) => StreamRequest = parseStreamRequest,
): (request: Request) => Promise<Response> {
  const resume = createResume(dependencies);
  return createEndpoint(
    dependencies,
    "stream",
    ["GET", "POST"],
    (request, context) =>
      request.method === "POST"
        ? start(dependencies, resume, parse, request, context)
        : read(dependencies, resume, request, context),
  );
}

async function start(
  dependencies: StreamDependencies,
  resume: Resume,
  parse: (body: unknown) => StreamRequest,
  request: Request,
  { rest, headers, requestId, startedAt }: RequestContext,
): Promise<Response> {
  const { platform, verify, generations } = dependencies;
  if (rest.length > 0) throw new RelayError("stream_not_found");
  const { userId } = await verify(request);
  const streamRequest = parse(await readJson(request, platform.clock));
  const streamId = streamRequest.stream_id ?? crypto.randomUUID();
  const from = lastEventId(request);
  // A client that connects again by itself repeats its POST: without a name that would be another generation.
  if (from && streamRequest.stream_id === undefined) throw new RelayError("stream_id_required");

  const answer = await begin(dependencies, userId, streamId, streamRequest);
  setRate(headers, answer.rate);
  if ("refusal" in answer) throw answer.refusal;
  if ("exists" in answer) return eventStream(streamId, await resume(userId, streamId, from));
  const admitted = { streamId, userId, request: streamRequest, admission: answer.admission, requestId, startedAt };
  const baseUrl = await approve(dependencies, admitted);
  return eventStream(streamId, generations.start(admitted, baseUrl));
}

async function begin(
  { database, generations }: StreamDependencies,
  userId: string,
  streamId: string,
  request: StreamRequest,
) {
  const fence = crypto.randomUUID();
  try {
    return await database.begin(userId, streamId, fence, request);
  } catch (error) {
    generations.abandon(streamId, fence);
    throw error;
  }
}

/** A base URL that the relay does not call ends the generation before it has begun. */
async function approve({ checkAddress, generations }: StreamDependencies, admitted: AdmittedRequest): Promise<URL> {
  try {
    return await checkAddress(admitted.admission.access_path);
  } catch (cause) {
    const error = toRelayError(cause);
    generations.refuse(admitted, error);
    throw error;
  }
}

async function read(
  { verify, database }: StreamDependencies,
  resume: Resume,
  request: Request,
  { rest }: RequestContext,
): Promise<Response> {
  const { userId } = await verify(request);
  const streamId = rest.join("/");
  const from = lastEventId(request);
  // Text that cannot be an id is the id of nothing.
  if (!streamIdSchema.safeParse(streamId).success) throw new RelayError("stream_not_found");
  if (request.method === "HEAD") {
    await checkExists(database, userId, streamId);
    return eventStream(streamId, null);
  }
  return eventStream(streamId, await resume(userId, streamId, from));
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
