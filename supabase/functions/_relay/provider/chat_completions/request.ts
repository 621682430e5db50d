/** Shapes the request of chat completions so that models take it. */

import { isOpenAi } from "../hints.ts";
import type { ContextMessage, ProviderCall } from "../provider.ts";
import { endpointAt, messagesFor } from "../request.ts";

/** Fields of the request that are the relay's; a bot's params cannot set them. */
export const RESERVED = ["messages", "model", "n", "stream"];

/** Fields of a bot's params that vLLM, SGLang and TGI want where they go on from a last message, and nowhere else. */
const PREFILL_FIELDS = ["add_generation_prompt", "continue_final_message"];

const PREFIX_HOSTS = /(?:^|\.)(?:mistral\.ai|deepseek\.com)$/;

/** The endpoint, at the base. */
export function endpointOf({ baseUrl }: Pick<ProviderCall, "baseUrl">): string {
  return endpointAt(baseUrl, "/chat/completions");
}

/** The body. A field that the bot's params set to null is left out. */
export function bodyOf(call: ProviderCall): Record<string, unknown> {
  const { temperature, params, model, hints } = call;
  const fields = { temperature, stream_options: { include_usage: true }, ...hints, ...replyLimit(call), ...params };
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
  return { [isOpenAi(baseUrl) ? "max_completion_tokens" : "max_tokens"]: replyTokens };
}
