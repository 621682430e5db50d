/** Asks relay_bot for a bot that its owner tests. */

import type { Rpc } from "./rpc.ts";

/** A bot as a test of it needs it. */
export interface OwnBot {
  access_key: string | null;
  access_path: string;
  api: string;
  model: string;
  temperature: number | null;
  params: Record<string, unknown>;
  headers: Record<string, string>;
  takes_system: boolean;
  first_turn_is_user: boolean;
  thinks_first: boolean | null;
  context_tokens: number | null;
  /** The window that a refusal has taught. */
  learned_tokens: number | null;
}

/** Null: there is none of this id that is the user's own. */
export function ownBot(rpc: Rpc, userId: string, botId: string): Promise<OwnBot | null> {
  return rpc<OwnBot | null>("relay_bot", { user_id: userId, bot_id: botId });
}
