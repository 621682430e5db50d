/** POST /stream starts a generation, GET /stream/{stream_id} resumes or watches one. */

import type { Caller } from "../_relay/auth/verify.ts";
import type { Rate } from "../_relay/database/begin.ts";
import type { Database } from "../_relay/database/database.ts";
import type { Generations } from "../_relay/generation/generations.ts";
import type { Job } from "../_relay/generation/job.ts";
import type { Watchers } from "../_relay/generation/remote_readers.ts";
import { readJson } from "../_relay/http/body.ts";
import { createEndpoint, type RequestContext } from "../_relay/http/endpoint.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { RelayError, toRelayError } from "../_relay/protocol/errors.ts";
import { parseStreamRequest, streamId as streamIdSchema, type StreamRequest } from "../_relay/protocol/requests.ts";
import { lastEventId } from "./last_event_id.ts";
import { createResume } from "./resume.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface StreamDependencies {
  platform: Platform;
  refusals: Refusals;
  verify: (request: Request) => Promise<Caller>;
  checkAddress: (accessPath: string) => Promise<URL>;
  database: Database;
  generations: Generations;
  watchers: Watchers;
}

/** Headers and `start` leave as soon as the generation is admitted; what fails later is an event. */
export function createStreamHandler(dependencies: StreamDependencies): (request: Request) => Promise<Response> {
  const { verify, checkAddress, database, generations } = dependencies;
  const resume = createResume(dependencies);

  async function start(request: Request, context: RequestContext) {
    if (context.rest.length > 0) {
      throw new RelayError("stream_not_found", "Cannot find the stream");
    }
    const { userId } = await verify(request);
    const streamRequest = parseStreamRequest(await readJson(request));
    const streamId = streamRequest.stream_id ?? crypto.randomUUID();
    const from = lastEventId(request);

    const answer = await begin(userId, streamId, streamRequest);
    setRate(context.headers, answer.rate);
    if ("refusal" in answer) throw answer.refusal;
    if ("exists" in answer) {
      return eventStream(streamId, await resume(userId, streamId, from));
    }
    const { requestId, startedAt } = context;
    const { admission } = answer;
    const admitted = { streamId, userId, request: streamRequest, admission, requestId, startedAt };
    return eventStream(streamId, generations.start(await approve(admitted)));
  }

  async function begin(userId: string, streamId: string, request: StreamRequest) {
    const fence = crypto.randomUUID();
    try {
      return await database.begin(userId, streamId, fence, request);
    } catch (error) {
      generations.abandon(streamId, fence);
      throw error;
    }
  }

  /** A base URL that the relay will not call ends the generation before it has begun. */
  async function approve(job: Omit<Job, "baseUrl">): Promise<Job> {
    try {
      return { ...job, baseUrl: await checkAddress(job.admission.access_path) };
    } catch (cause) {
      const error = toRelayError(cause);
      generations.refuse(job, error);
      throw error;
    }
  }

  async function read(request: Request, context: RequestContext) {
    const { userId } = await verify(request);
    const streamId = context.rest.join("/");
    const from = lastEventId(request);
    // What cannot be an id is the id of nothing.
    if (!streamIdSchema.safeParse(streamId).success) {
      throw new RelayError("stream_not_found", "Cannot find the stream");
    }
    return eventStream(streamId, await resume(userId, streamId, from));
  }

  return createEndpoint(
    dependencies,
    "stream",
    ["GET", "POST"],
    (request, context) => request.method === "POST" ? start(request, context) : read(request, context),
  );
}

function eventStream(streamId: string, body: ReadableStream<Uint8Array>): Response {
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
