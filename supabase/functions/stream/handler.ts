/** POST /stream: from a request to the event stream of an admitted generation. */

import type { Caller } from "../_shared/auth/verify.ts";
import type { Rate } from "../_shared/database/begin.ts";
import type { Database } from "../_shared/database/database.ts";
import type { Generations } from "../_shared/generation/generations.ts";
import { readJson } from "../_shared/http/body.ts";
import { createEndpoint } from "../_shared/http/endpoint.ts";
import type { Platform } from "../_shared/platform/platform.ts";
import { RelayError, toRelayError } from "../_shared/protocol/errors.ts";
import { parseStreamRequest } from "../_shared/protocol/requests.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface StreamDependencies {
  platform: Platform;
  verify: (request: Request) => Promise<Caller>;
  checkAddress: (accessPath: string) => Promise<URL>;
  database: Database;
  generations: Generations;
}

/** Headers and `start` leave as soon as the generation is admitted; what fails later is an event. */
export function createStreamHandler(
  { platform, verify, checkAddress, database, generations }: StreamDependencies,
): (request: Request) => Promise<Response> {
  return createEndpoint(
    platform,
    "stream",
    ["POST"],
    async (request, context) => {
      if (context.rest.length > 0) {
        throw new RelayError("stream_not_found", "Cannot find the stream");
      }
      const { userId } = await verify(request);
      const streamRequest = parseStreamRequest(await readJson(request));
      const streamId = streamRequest.stream_id ?? crypto.randomUUID();

      const answer = await database.begin(userId, streamId, streamRequest);
      setRate(context.headers, answer.rate);
      if ("refusal" in answer) throw answer.refusal;

      const { requestId, startedAt } = context;
      const job = {
        streamId,
        userId,
        request: streamRequest,
        admission: answer.admission,
        requestId,
        startedAt,
      };
      let baseUrl: URL;
      try {
        baseUrl = await checkAddress(answer.admission.access_path);
      } catch (cause) {
        const error = toRelayError(cause);
        generations.refuse(job, error);
        throw error;
      }
      return new Response(generations.start({ ...job, baseUrl }), {
        headers: {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-cache, no-transform",
          "x-accel-buffering": "no",
          "x-stream-id": streamId,
        },
      });
    },
  );
}

function setRate(headers: Headers, rate: Rate) {
  headers.set("ratelimit-limit", String(rate.limit));
  headers.set("ratelimit-remaining", String(rate.remaining));
  headers.set("ratelimit-reset", String(rate.reset_s));
}
