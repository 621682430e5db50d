/** The database as the relay sees it: one method for each SQL function. */

import type { Platform } from "../platform/platform.ts";
import type { StreamRequest } from "../protocol/requests.ts";
import { beat, type BeatAnswer } from "./beat.ts";
import { begin, type BeginAnswer } from "./begin.ts";
import { cancel } from "./cancel.ts";
import { type Ending, type EndStatus, finish, type Outcome } from "./finish.ts";
import { createRpc } from "./rpc.ts";

/** Every method rejects with `unavailable` where the database cannot be reached. */
export interface Database {
  begin(
    userId: string,
    streamId: string,
    request: StreamRequest,
  ): Promise<BeginAnswer>;
  beat(
    generations: { streamId: string; fence: string }[],
  ): Promise<BeatAnswer>;
  finish(
    streamId: string,
    fence: string,
    ending: Ending,
  ): Promise<Outcome | null>;
  cancel(
    userId: string,
    streamId: string,
  ): Promise<"cancelling" | EndStatus | null>;
}

/** Builds the one client that a worker needs. */
export function createDatabase(
  platform: Platform,
  options: { fetch?: typeof fetch } = {},
): Database {
  const rpc = createRpc(platform, options);
  return {
    begin: (userId, streamId, request) =>
      begin(rpc, platform, userId, streamId, request),
    beat: (generations) =>
      beat(rpc, generations, platform.configuration.leaseMs),
    finish: (streamId, fence, ending) => finish(rpc, streamId, fence, ending),
    cancel: (userId, streamId) => cancel(rpc, userId, streamId),
  };
}
