/** Asks relay_begin whether a generation may run. */

import type { Platform } from "../platform/platform.ts";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";
import { MAX_CONTEXT_CHARACTERS } from "../protocol/limits.ts";
import type { StreamRequest } from "../protocol/requests.ts";
import type { Rpc } from "./rpc.ts";

/** How much of a user's rate limit is left. */
export interface Rate {
  limit: number;
  remaining: number;
  /** Seconds until the oldest generation of the last minute no longer counts. */
  reset_s: number;
}

/** An admitted generation: everything that its worker needs. */
export interface Admission {
  fence: string;
  conversation_id: string;
  bot_id: string;
  user_message_id: string | null;
  parent_id: string | null;
  access_key: string | null;
  access_path: string;
  model: string;
  temperature: number | null;
  system_prompt: string | null;
  params: Record<string, unknown>;
  headers: Record<string, string>;
  takes_system: boolean;
  first_turn_is_user: boolean;
  thinks_first: boolean | null;
  context: { role: "user" | "assistant"; content: string }[];
  rate: Rate;
}

/** A refusal, or the user's own stream_id again. */
interface Refusal {
  outcome: "refused" | "exists";
  code: ErrorCode;
  rate: Rate;
  retry_after_s?: number;
  characters?: number;
}

/** The admission; or that the user has this stream_id already; or the error for the client. */
export type BeginAnswer = { rate: Rate } & ({ admission: Admission } | { exists: true } | { refusal: RelayError });

/** One round trip; rejects as `Rpc` does. The same `fence` again, made by the worker, gets the same answer. */
export async function begin(
  rpc: Rpc,
  { workerId, configuration }: Pick<Platform, "workerId" | "configuration">,
  userId: string,
  streamId: string,
  fence: string,
  request: StreamRequest,
): Promise<BeginAnswer> {
  const answer = await rpc<Refusal | (Admission & { outcome: "admitted" })>(
    "relay_begin",
    {
      user_id: userId,
      stream_id: streamId,
      worker_id: workerId,
      prompt: request.prompt ?? null,
      reroll_of: request.reroll_of ?? null,
      conversation_id: request.conversation_id ?? null,
      bot_id: request.bot_id ?? null,
      parent_id: request.parent_id ?? null,
      parent_is_given: request.parent_id !== undefined,
      rate_limit: configuration.rateLimitPerMinute,
      max_concurrent: configuration.maxConcurrent,
      lease_ms: configuration.leaseMs,
      max_context: MAX_CONTEXT_CHARACTERS,
      fence,
    },
  );
  if (answer.outcome === "admitted") {
    return { admission: answer, rate: answer.rate };
  }
  if (answer.outcome === "exists") return { exists: true, rate: answer.rate };
  const refusal = new RelayError(answer.code, reasonOf(answer, configuration), { retryAfter: answer.retry_after_s });
  return { refusal, rate: answer.rate };
}

/** The words that need numbers; the others are those of the code. */
function reasonOf(refusal: Refusal, { maxConcurrent }: Platform["configuration"]): string | undefined {
  switch (refusal.code) {
    case "rate_limited":
      return `Cannot start the generation: the limit is ${refusal.rate.limit} in a minute`;
    case "too_many_streams":
      return `Cannot start the generation: the limit is ${maxConcurrent} at once`;
    case "payload_too_large":
      return `Cannot send the conversation: its path has ${refusal.characters} characters, the limit is ${MAX_CONTEXT_CHARACTERS}`;
  }
}
