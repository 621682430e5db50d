/** Queries for bots, through the Data API. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { type Bot, rowOf, rowsOf } from "./rows.ts";

// Listed by name: "*" would include the key and the headers, and the Data API refuses that.
const HABITS = "context_tokens, reply_tokens, takes_prefill, takes_system, first_turn_is_user, thinks_first, memory";
const COLUMNS = `id::text, user_id, name, model, access_path, api, system_prompt, temperature, ${HABITS}` as const;

/** What the owner can set. Without `access_key` the stored key stays, and so do headers. */
export type BotFields = Omit<Bot, "id" | "user_id"> & { access_key?: string; headers?: Record<string, string> };

/** The user's own bots and shared ones, last changed first. */
export async function listBots(supabase: SupabaseClient): Promise<Bot[]> {
  return rowsOf(await supabase.from("bots").select(COLUMNS).order("updated_at", { ascending: false }));
}

/** Creates a bot of the user's own. */
export async function addBot(supabase: SupabaseClient, userId: string, fields: BotFields): Promise<Bot> {
  return rowOf(await supabase.from("bots").insert({ user_id: userId, ...fields }).select(COLUMNS));
}

/** Fails for a bot of another user. */
export async function changeBot(supabase: SupabaseClient, id: string, fields: BotFields): Promise<Bot> {
  return rowOf(await supabase.from("bots").update(fields).eq("id", id).select(COLUMNS));
}

/** Its conversations stay. */
export async function deleteBot(supabase: SupabaseClient, id: string): Promise<void> {
  rowsOf(await supabase.from("bots").delete().eq("id", id));
}
