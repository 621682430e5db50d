/** Shapes the request of chat completions so that models take it. */

import { RelayError } from "../../protocol/errors.ts";
import { type ContextMessage, GO_ON, type ProviderCall } from "../provider.ts";
import { bareKey } from "../redact.ts";
import type { Problem } from "./problem.ts";

/** Fields of the request that are the relay's; a bot's params cannot set them. */
const RESERVED = ["messages", "model", "n", "stream"];

/** Fields of a bot's params that vLLM, SGLang and TGI want where they go on from a last message, and nowhere else. */
const PREFILL_FIELDS = ["add_generation_prompt", "continue_final_message"];

const PREFIX_HOSTS = /(?:^|\.)(?:mistral\.ai|deepseek\.com)$/;

/** What the user says before a first message of the assistant's, where a model wants its first turn to be the user's. */
export const FIRST_TURN = "Begin.";

/** Headers that are the relay's or the connection's; the table's check refuses the same names. */
const FORBIDDEN_HEADER =
  /^(?:authorization|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept|accept-encoding|cookie|proxy-.*|sec-.*)$/i;

/** The endpoint; a bot's address may be the base or the endpoint itself, either with a query. */
export function endpointOf(baseUrl: URL): string {
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith("/chat/completions") ? path : `${path}/chat/completions`;
  return url.href;
}

/** The body. A field that the bot's params set to null is left out. */
export function bodyOf(call: ProviderCall): Record<string, unknown> {
  const { temperature, params, model } = call;
  const fields = { temperature, stream_options: { include_usage: true }, ...replyLimit(call), ...params };
  const kept = Object.entries(fields).filter(([name, value]) =>
    value !== null && !RESERVED.includes(name) && (call.isPrefilled || !PREFILL_FIELDS.includes(name))
  );
  return { ...Object.fromEntries(kept), model, messages: markPrefill(call, messagesFor(call)), stream: true };
}

/** These go on from a last message of the assistant's only where it says so; others refuse the field. */
function markPrefill({ baseUrl, isPrefilled }: ProviderCall, messages: ContextMessage[]): object[] {
  if (!isPrefilled || !PREFIX_HOSTS.test(baseUrl.hostname)) return messages;
  return [...messages.slice(0, -1), { ...messages.at(-1), prefix: true }];
}

/** OpenAI's newer models know the new name alone, most others the old one. */
function replyLimit({ baseUrl, params, replyTokens = null }: ProviderCall): Record<string, unknown> {
  if (replyTokens === null || Object.hasOwn(params, "max_tokens") || Object.hasOwn(params, "max_completion_tokens")) {
    return {};
  }
  return { [baseUrl.hostname === "api.openai.com" ? "max_completion_tokens" : "max_tokens"]: replyTokens };
}

/**
 * Many models take no two neighbours of one role, some no system role, some no first turn of the assistant's. None that
 * is strict takes a message of white space, and there must be a turn of the user's to answer.
 */
export function messagesFor(
  { messages, takesSystem = true, firstTurnIsUser = false, isPrefilled = false }: Pick<
    ProviderCall,
    "messages" | "takesSystem" | "firstTurnIsUser" | "isPrefilled"
  >,
): ContextMessage[] {
  const turns: ContextMessage[] = messages.filter(({ content }) => content.trim() !== "").map((message) =>
    takesSystem || message.role !== "system" ? message : { ...message, role: "user" as const }
  );
  const isStory = turns.some(({ role }) => role === "assistant");
  if (!isPrefilled && turns.at(-1)?.role !== "user") {
    turns.push({ role: "user", content: isStory ? GO_ON : FIRST_TURN });
  }
  const first = turns.findIndex(({ role }) => role !== "system");
  if (firstTurnIsUser && turns[first]?.role === "assistant") {
    turns.splice(first, 0, { role: "user", content: FIRST_TURN });
  }
  const merged: ContextMessage[] = [];
  for (const { role, content } of turns) {
    const last = merged.at(-1);
    if (last?.role === role) merged[merged.length - 1] = { role, content: `${last.content}\n\n${content}` };
    else merged.push({ role, content });
  }
  return merged;
}

/** A key or a header that cannot be sent is refused here: the runtime's error would quote it. */
export function headersOf({ accessKey, headers: own = {} }: ProviderCall): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json", "content-type": "application/json" };
  for (const [name, value] of Object.entries(own)) {
    if (!/^[\w-]+$/.test(name) || FORBIDDEN_HEADER.test(name) || !/^[\x20-\x7e\t]*$/.test(value)) {
      throw new RelayError("provider_refused", "Cannot send the headers of this bot: one of them is not allowed");
    }
    headers[name.toLowerCase()] = value.trim();
  }
  const key = bareKey(accessKey);
  if (key === null) return headers;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new RelayError("provider_auth", "Cannot send the key of this bot: it has characters that no header can hold");
  }
  return { ...headers, authorization: `Bearer ${key}` };
}

/** The fields of the body that a refusal names, so that the request may be made without them. */
export function refusedFields(status: number, problem: Problem, body: Record<string, unknown>): string[] {
  if (status !== 400 && status !== 422) return [];
  const optional = Object.keys(body).filter((name) => !RESERVED.includes(name));
  const named = problem.parameters.map((parameter) => parameter.split(/[.[]/, 1)[0]);
  const byField = optional.filter((name) => named.includes(name));
  if (byField.length > 0) return byField;
  const words = problem.said.join("\n");
  return optional.filter((name) =>
    mentions(words, name) || name === "stream_options" && mentions(words, "include_usage")
  );
}

/** A name of several words, or one in quotes, is a field; else the sentence must be about a parameter. */
function mentions(words: string, name: string): boolean {
  const whole = new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w]/g, "\\$&")}(?![\\w-])`, "i");
  if (!whole.test(words)) return false;
  if (name.includes("_") || new RegExp(`["'\`]${name}["'\`]`, "i").test(words)) return true;
  return /param|argument|field|property|unsupported|not support|unrecognized|unknown|unexpected|not permitted|deprecated/i
    .test(words);
}
