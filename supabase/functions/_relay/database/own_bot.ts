/** Asks relay_bot for a bot that its owner tests. */

import type { CalledBot } from "./begin.ts";
import type { Rpc } from "./rpc.ts";

/** A bot as a test of it needs it. */
export interface OwnBot extends Omit<CalledBot, "bot_id" | "takes_prefill" | "reply_tokens"> {
  context_tokens: number | null;
  /** The window that a refusal has taught. */
  learned_tokens: number | null;
}

/** Null: there is none of this id that is the user's own. */
export function ownBot(rpc: Rpc, userId: string, botId: string): Promise<OwnBot | null> {
  return rpc<OwnBot | null>("relay_bot", { user_id: userId, bot_id: botId });
}
