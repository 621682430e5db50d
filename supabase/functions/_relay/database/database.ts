/** The database as the relay sees it: one method for each SQL function. */

import type { Platform } from "../platform/platform.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { StreamRequest } from "../protocol/requests.ts";
import { beat, type BeatAnswer, type BeatEntry } from "./beat.ts";
import { begin, type BeginAnswer } from "./begin.ts";
import { cancel } from "./cancel.ts";
import { type Ending, type EndingText, type EndStatus, finish, type Outcome } from "./finish.ts";
import { countRefusals, metrics, type Sample } from "./metrics.ts";
import { read, type Reading, type View } from "./read.ts";
import { createRpc } from "./rpc.ts";

/** Every method rejects with `unavailable` where the database cannot be reached. */
export interface Database {
  begin(userId: string, streamId: string, fence: string, request: StreamRequest): Promise<BeginAnswer>;
  beat(entries: BeatEntry[]): Promise<BeatAnswer>;
  finish(streamId: string, fence: string, ending: Ending, text: EndingText): Promise<Outcome | null>;
  cancel(userId: string, streamId: string): Promise<"cancelling" | EndStatus | null>;
  read(readings: Reading[]): Promise<(View | null)[]>;
  metrics(): Promise<Sample[]>;
  countRefusals(counts: ReadonlyMap<ErrorCode, number>): Promise<void>;
}

/** Builds the one client that a worker needs. */
export function createDatabase(platform: Platform, options: { fetch?: typeof fetch } = {}): Database {
  const rpc = createRpc(platform, options);
  return {
    begin: (userId, streamId, fence, request) => begin(rpc, platform, userId, streamId, fence, request),
    beat: (entries) => beat(rpc, entries, platform.configuration.leaseMs),
    finish: (streamId, fence, ending, text) => finish(rpc, streamId, fence, ending, text),
    cancel: (userId, streamId) => cancel(rpc, userId, streamId),
    read: (readings) => read(rpc, readings),
    metrics: () => metrics(rpc),
    countRefusals: (counts) => countRefusals(rpc, counts),
  };
}
