/** Shapes the request of OpenAI's Responses. */

import type { ProviderCall } from "../provider.ts";
import { endpointAt, messagesFor } from "../request.ts";

/** Fields of the request that are the relay's; a bot's params cannot set them. The last four would add to the story. */
export const RESERVED = [
  ...["input", "instructions", "model", "stream"],
  ...["background", "conversation", "previous_response_id", "prompt"],
];

/** The endpoint, at the base. */
export function endpointOf({ baseUrl }: Pick<ProviderCall, "baseUrl">): string {
  return endpointAt(baseUrl, "/responses");
}

/**
 * The body. A field that the bot's params set to null is left out. This API takes no prefill: what the model is to go on
 * from is its own last message, and it begins a new one.
 */
export function bodyOf(call: ProviderCall): Record<string, unknown> {
  const { temperature, replyTokens = null, params, model, hints } = call;
  const fields = { temperature, max_output_tokens: replyTokens, store: false, ...hints, ...params };
  const kept = Object.entries(fields).filter(([name, value]) => value !== null && !RESERVED.includes(name));
  const messages = messagesFor(call);
  const instructions = messages.filter(({ role }) => role === "system").map(({ content }) => content).join("\n\n");
  return {
    ...Object.fromEntries(kept),
    model,
    ...(instructions === "" ? {} : { instructions }),
    input: messages.filter(({ role }) => role !== "system"),
    stream: true,
  };
}
