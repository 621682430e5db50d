/** The demo user, with a bot and a conversation. */

import { createClient, type SupabaseClient } from "@supabase/supabase-js";

const EMAIL = "demo@storytellr.example";
const PASSWORD = "storytellr-demo";
const BOT_NAME = "Demo storyteller";
const CONVERSATION_TITLE = "Demo story";

/** The user that the stack comes with, and what this user owns. */
export interface Demo {
  email: string;
  password: string;
  user_id: string;
  bot_id: string;
  conversation_id: string;
}

/** Finds the demo user with a bot and a conversation, or makes what is missing of them. */
export async function ensureDemo(url: string, publishableKey: string, providerUrl: string): Promise<Demo> {
  const client = createClient(url, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  const user_id = await signIn(client);
  const bot_id = await ensureBot(client, user_id, accessPath(providerUrl));
  const conversation_id = await ensureConversation(client, user_id, bot_id);
  return { email: EMAIL, password: PASSWORD, user_id, bot_id, conversation_id };
}

async function signIn(client: SupabaseClient): Promise<string> {
  const credentials = { email: EMAIL, password: PASSWORD };
  const known = await client.auth.signInWithPassword(credentials);
  if (known.data.user) return known.data.user.id;
  const made = await client.auth.signUp(credentials);
  if (made.data.user && made.data.session) return made.data.user.id;
  throw new Error(`Cannot sign the demo user in: ${(made.error ?? known.error)?.message}`);
}

async function ensureBot(client: SupabaseClient, user_id: string, access_path: string) {
  const found = await client.from("bots").select("id").eq("user_id", user_id)
    .eq("name", BOT_NAME).limit(1);
  const id = expectRows(found, "find the demo bot")[0]?.id;
  if (id) {
    // The demo provider has another port after each start.
    const moved = await client.from("bots").update({ access_path }).eq("id", id)
      .select("id");
    expectRows(moved, "update the demo bot");
    return id;
  }
  const bot = {
    user_id,
    name: BOT_NAME,
    access_path,
    access_key: "demo-key",
    model: "demo-model",
    system_prompt: "You tell short stories for all ages.",
  };
  const made = await client.from("bots").insert(bot).select("id");
  return expectRows(made, "make the demo bot")[0].id;
}

async function ensureConversation(client: SupabaseClient, user_id: string, bot_id: string) {
  const found = await client.from("conversations").select("id").eq(
    "user_id",
    user_id,
  ).eq("title", CONVERSATION_TITLE).limit(1);
  const id = expectRows(found, "find the demo conversation")[0]?.id;
  if (id) return id;
  const made = await client.from("conversations").insert({ user_id, bot_id, title: CONVERSATION_TITLE }).select("id");
  return expectRows(made, "make the demo conversation")[0].id;
}

function expectRows(
  answer: { data: { id: string }[] | null; error: { message: string } | null },
  action: string,
): { id: string }[] {
  if (answer.data) return answer.data;
  throw new Error(`Cannot ${action}: ${answer.error?.message}`);
}

function accessPath(providerUrl: string): string {
  return providerUrl.endsWith("/v1") ? providerUrl : `${providerUrl}/v1`;
}
