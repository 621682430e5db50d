/** What OpenAI learns besides the texts: which requests begin alike, and which are of one user. */

import type { ProviderCall } from "./provider.ts";
import { bareKey } from "./redact.ts";

/** Whether it is OpenAI itself, in whichever region; compatible servers refuse fields that they do not know. */
export function isOpenAi({ hostname }: URL): boolean {
  return /(?:^|\.)api\.openai\.com$/.test(hostname);
}

/**
 * `prompt_cache_key` sends the requests of a conversation where its beginning is in the cache; `safety_identifier` lets
 * OpenAI refuse one user instead of the bot. Neither id leaves: both go as a HMAC under the bot's own key, which every
 * worker has, so only OpenAI and the bot's owner could compare them.
 */
export async function hintsOf(
  { accessKey, conversationId, userId }: Pick<ProviderCall, "accessKey" | "conversationId" | "userId">,
): Promise<Record<string, string>> {
  const key = bareKey(accessKey);
  if (key === null) return {};
  const hmac = await createHmac(key);
  return {
    ...conversationId === undefined ? {} : { prompt_cache_key: await hmac(`conversation:${conversationId}`) },
    ...userId === undefined ? {} : { safety_identifier: await hmac(`user:${userId}`) },
  };
}

/** 64 characters, the most that these fields take. */
async function createHmac(secret: string): Promise<(text: string) => Promise<string>> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return async (text) => {
    const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
}
