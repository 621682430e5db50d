/** Shapes the request of Anthropic's Messages. */

import type { ProviderCall } from "../provider.ts";
import { endpointAt, headersWith, messagesFor } from "../request.ts";

/** Fields without which no request is made. */
export const REQUIRED = ["max_tokens", "messages", "model", "stream", "system"];

/** Fields that are the relay's; a bot's params cannot set them. */
const RESERVED = ["messages", "model", "stream", "system"];

/** The limit of an answer if the bot has none: the API requires one, and all models that it serves take this one. */
export const DEFAULT_MAX_TOKENS = 8_192;

/** The version of the API; a bot's headers may name another one. */
const VERSION = "2023-06-01";

/**
 * The endpoint. Other servers document their base as Anthropic's SDK takes it, without the version that it adds.
 */
export function endpointOf({ baseUrl }: Pick<ProviderCall, "baseUrl">): string {
  const hasVersion = /\/(?:v\d\w*|messages)\/*$/.test(baseUrl.pathname);
  return endpointAt(baseUrl, hasVersion ? "/messages" : "/v1/messages");
}

/** The key is sent in a header of its own. */
export function headersOf(call: ProviderCall): Record<string, string> {
  return { "anthropic-version": VERSION, ...headersWith(call, (key) => ({ "x-api-key": key })) };
}

/**
 * The body. A field that the bot's params set to null is left out, `max_tokens` excepted. `cache_control` at the top lets
 * Anthropic keep the beginning up to the last message, which the next request of the conversation begins with.
 */
export function bodyOf(call: ProviderCall): Record<string, unknown> {
  const { params, model, isPrefilled = false } = call;
  const [first, ...rest] = messagesFor({ ...call, firstTurnIsUser: true });
  const hasSystem = first?.role === "system";
  const fields = {
    temperature: temperatureOf(call),
    cache_control: { type: "ephemeral" },
    ...params,
    // A model thinks before it begins to write, and this answer has begun.
    ...isPrefilled ? { thinking: null } : {},
    max_tokens: params.max_tokens ?? maxTokensOf(call),
  };
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== null && !RESERVED.includes(name))),
    model,
    ...hasSystem ? { system: first.content } : {},
    messages: hasSystem ? rest : [first, ...rest],
    stream: true,
  };
}

/** OpenAI's go to 2, these to 1; a model that thinks takes none but 1. */
function temperatureOf({ temperature, params, isPrefilled = false }: ProviderCall): number | null {
  const isThinking = !isPrefilled && thinkingOf(params).type !== undefined && thinkingOf(params).type !== "disabled";
  return temperature === null || isThinking ? null : Math.min(temperature, 1);
}

/** What the model may think comes out of the same limit. */
function maxTokensOf({ replyTokens, params, isPrefilled = false }: ProviderCall): number {
  const { budget_tokens: budget } = thinkingOf(params);
  const mayThink = !isPrefilled && Number.isSafeInteger(budget) && Number(budget) > 0;
  return (replyTokens ?? DEFAULT_MAX_TOKENS) + (mayThink ? Number(budget) : 0);
}

function thinkingOf({ thinking }: Record<string, unknown>): { type?: unknown; budget_tokens?: unknown } {
  return typeof thinking === "object" && thinking !== null ? thinking : {};
}
