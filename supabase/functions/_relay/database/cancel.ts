/** Asks relay_cancel to end a user's generation. */

import type { EndStatus } from "./finish.ts";
import type { Rpc } from "./rpc.ts";

/** `cancelling`, or how the generation has ended already; null: unknown, or another user's. */
export async function cancel(rpc: Rpc, userId: string, streamId: string): Promise<"cancelling" | EndStatus | null> {
  const answer = await rpc<{ status: "cancelling" | EndStatus } | null>(
    "relay_cancel",
    { user_id: userId, stream_id: streamId },
  );
  return answer?.status ?? null;
}
