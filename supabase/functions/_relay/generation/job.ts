/** What one generation is made of: who asked, what was admitted, and the request to the provider that follows. */

import type { Admission } from "../database/begin.ts";
import type { ContextMessage, ProviderCall } from "../provider/provider.ts";
import type { StreamRequest } from "../protocol/requests.ts";

/** An admitted generation whose base URL nobody has looked at yet. */
export interface AdmittedJob {
  streamId: string;
  userId: string;
  request: StreamRequest;
  admission: Admission;
  requestId: string;
  /** When the request came, by the platform's clock. */
  startedAt: number;
}

/** A generation that may run. */
export interface Job extends AdmittedJob {
  baseUrl: URL;
}

/** The user's `system` follows the bot's instructions in one message: many models take no second one. */
export function providerCall({ request, admission, baseUrl }: Job): ProviderCall {
  const instructions = [admission.system_prompt, request.system].filter((
    text,
  ) => text !== null && text !== undefined && text.trim() !== "").join("\n\n");
  const system: ContextMessage[] = instructions === "" ? [] : [{ role: "system", content: instructions }];
  return {
    baseUrl,
    accessKey: admission.access_key || null,
    model: admission.model,
    temperature: admission.temperature,
    params: admission.params,
    messages: [...system, ...admission.context],
  };
}

/** The fields that every log line about a generation has. */
export function logFields({ streamId, userId, admission, requestId }: AdmittedJob) {
  return {
    request_id: requestId,
    user_id: userId,
    bot_id: admission.bot_id,
    conversation_id: admission.conversation_id,
    stream_id: streamId,
    model: admission.model,
  };
}
