/** Asks relay_bot for a bot that its owner tests. */

import type { CalledBot } from "./begin.ts";
import type { Rpc } from "./rpc.ts";

/** What a test of a bot needs. */
export interface OwnBot extends Omit<CalledBot, "bot_id" | "takes_prefill" | "reply_tokens"> {
  context_tokens: number | null;
  /** The window that a refusal has taught. */
  learned_tokens: number | null;
}

/** Null: the user has no bot with this id. */
export function ownBot(rpc: Rpc, userId: string, botId: string): Promise<OwnBot | null> {
  return rpc<OwnBot | null>("relay_bot", { user_id: userId, bot_id: botId });
}
