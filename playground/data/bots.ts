/** Queries for bots, through the Data API. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { type Bot, rowOf, rowsOf } from "./rows.ts";

// Listed by name: "*" would include the key and the headers, and the Data API refuses that.
const HABITS =
  "context_tokens, reply_tokens, takes_prefill, takes_system, first_turn_is_user, thinks_first, memory, titles";
const COLUMNS = `id::text, user_id, name, model, access_path, api, system_prompt, temperature, ${HABITS}` as const;

/** A bot's own row. */
type BotRow = Omit<Bot, "fallbacks">;

/** What the owner can set. Without `access_key` the stored key stays, and so do headers. */
export type BotFields = Omit<Bot, "id" | "user_id" | "fallbacks"> & {
  access_key?: string;
  headers?: Record<string, string>;
};

/** The user's own bots and shared ones, last changed first. */
export async function listBots(supabase: SupabaseClient): Promise<Bot[]> {
  const [bots, fallbacks] = await Promise.all([
    supabase.from("bots").select(COLUMNS).order("updated_at", { ascending: false }),
    supabase.from("bot_fallbacks").select("bot_id::text, fallback_bot_id::text").order("position"),
  ]);
  const rows: { bot_id: string; fallback_bot_id: string }[] = rowsOf(fallbacks);
  return rowsOf<BotRow[]>(bots).map((bot) => ({
    ...bot,
    fallbacks: rows.filter(({ bot_id }) => bot_id === bot.id).map(({ fallback_bot_id }) => fallback_bot_id),
  }));
}

/** Creates a bot of the user's own. */
export async function addBot(supabase: SupabaseClient, userId: string, fields: BotFields): Promise<BotRow> {
  return rowOf(await supabase.from("bots").insert({ user_id: userId, ...fields }).select(COLUMNS));
}

/** Fails for a bot of another user. */
export async function changeBot(supabase: SupabaseClient, id: string, fields: BotFields): Promise<BotRow> {
  return rowOf(await supabase.from("bots").update(fields).eq("id", id).select(COLUMNS));
}

/** In place of those that it had. */
export async function setFallbacks(supabase: SupabaseClient, id: string, fallbacks: string[]): Promise<void> {
  rowsOf(await supabase.from("bot_fallbacks").delete().eq("bot_id", id));
  if (fallbacks.length === 0) return;
  const rows = fallbacks.map((fallback_bot_id, index) => ({ bot_id: id, position: index + 1, fallback_bot_id }));
  rowsOf(await supabase.from("bot_fallbacks").insert(rows));
}

/** Its conversations stay. */
export async function deleteBot(supabase: SupabaseClient, id: string): Promise<void> {
  rowsOf(await supabase.from("bots").delete().eq("id", id));
}
