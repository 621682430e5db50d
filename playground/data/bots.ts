/** A user's bots, through the Data API. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { type Bot, rowsOf } from "./rows.ts";

// Named one by one: a "*" would ask for the key too, and be refused.
const COLUMNS = "id, user_id, name, model, access_path, system_prompt, temperature";

/** What its owner sets; a key that is absent stays as it is. */
export type BotFields = Omit<Bot, "id" | "user_id"> & { access_key?: string };

/** Own ones and shared ones, the one changed last first. */
export async function listBots(supabase: SupabaseClient): Promise<Bot[]> {
  return rowsOf(await supabase.from("bots").select(COLUMNS).order("updated_at", { ascending: false }));
}

/** Makes one of the user's own. */
export async function addBot(supabase: SupabaseClient, userId: string, fields: BotFields): Promise<Bot> {
  return rowsOf(await supabase.from("bots").insert({ user_id: userId, ...fields }).select(COLUMNS).single());
}

/** Only its owner can. */
export async function changeBot(supabase: SupabaseClient, id: string, fields: BotFields): Promise<Bot> {
  return rowsOf(
    await supabase.from("bots").update(fields).eq("id", id).select(COLUMNS)
      .single(),
  );
}

/** Its stories stay. */
export async function deleteBot(supabase: SupabaseClient, id: string): Promise<void> {
  rowsOf(await supabase.from("bots").delete().eq("id", id));
}
