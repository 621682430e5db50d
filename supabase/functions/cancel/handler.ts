/** POST /cancel: ends a generation, whichever worker runs it. */

import type { Caller } from "../_relay/auth/verify.ts";
import type { Database } from "../_relay/database/database.ts";
import { readJson } from "../_relay/http/body.ts";
import { createEndpoint } from "../_relay/http/endpoint.ts";
import { json } from "../_relay/http/responses.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import type { Turns } from "../_relay/platform/turns.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_CANCEL_BODY_BYTES } from "../_relay/protocol/limits.ts";
import { type CancelRequest, parseCancelOffset, parseCancelRequest, streamId } from "../_relay/protocol/requests.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface CancelDependencies {
  platform: Platform;
  refusals: Refusals;
  verify: (request: Request) => Promise<Caller>;
  database: Pick<Database, "cancel">;
  calls: Turns;
}

/**
 * The id comes in the path or in the body, the offset in the query or in the body. The worker that runs the generation
 * learns of the cancel with its beat.
 */
export function createCancelHandler(
  { platform, refusals, verify, database, calls }: CancelDependencies,
): (request: Request) => Promise<Response> {
  const { clock, log } = platform;
  return createEndpoint(
    { platform, refusals },
    "cancel",
    ["POST"],
    async (request, context) => {
      const { userId } = await verify(request);
      const inQuery = parseCancelOffset(new URL(request.url).searchParams);
      const { stream_id: id, at }: CancelRequest = context.rest.length > 0
        ? { stream_id: context.rest.join("/") }
        : await readRequest(platform, request);
      // A text that cannot be an id names no stream.
      const status = streamId.safeParse(id).success
        ? await calls.run(userId, () => database.cancel(userId, id, at ?? inQuery))
        : null;
      if (status === null) {
        throw new RelayError("stream_not_found");
      }
      log("info", "cancel_requested", {
        request_id: context.requestId,
        user_id: userId,
        stream_id: id,
        outcome: status,
        latency_ms: clock.now() - context.startedAt,
      });
      return json({ stream_id: id, status }, status === "cancelling" ? 202 : 200);
    },
  );
}

/**
 * So short a body is not counted against the user's share of the memory: a user whose share is full must be able to
 * cancel.
 */
const FREE = { cover() {} };

async function readRequest({ clock }: Platform, request: Request): Promise<CancelRequest> {
  return parseCancelRequest(await readJson(request, clock, FREE, MAX_CANCEL_BODY_BYTES));
}
