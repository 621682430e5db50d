/** Answers what a start would send, without starting it. */

import type { Preview } from "../_relay/database/begin.ts";
import type { ContextMessage } from "../_relay/provider/provider.ts";
import type { StreamRequest } from "../_relay/protocol/requests.ts";
import { bytesIn, charactersIn, MESSAGE_BYTES } from "../_relay/protocol/sizes.ts";
import { instructionsOf, MEMORY_HEADING, turnsOf } from "../_relay/generation/run.ts";
import type { Id } from "../_relay/protocol/events.ts";

/** The characters of the heading before a memory. */
const HEADING = charactersIn(`${MEMORY_HEADING}\n\n`);

/** The size of one message of a request. */
interface Sized {
  role: ContextMessage["role"];
  characters: number;
  bytes: number;
  message_id: Id | null;
}

/** The body of the answer. Tokens are estimated as admission does. */
export function previewOf(preview: Preview, { system, messages: given, continue_of }: StreamRequest) {
  const tokensOf = (bytes: number) => Math.ceil(bytes / preview.bytes_per_token);
  const sent: Sized[] = given?.slice(preview.left_out ?? -1).map((message) => sizeOf(message)) ?? preview.messages;
  const instructions = instructionsOf(preview.system_prompt, system).map((message) =>
    sizeOf(preview.takes_system ? message : { ...message, role: "user" })
  );
  const context = continue_of === undefined ? sent : sent.slice(0, -1);
  // Nothing is sent of an answer that is only white space: it has no characters here.
  const seen = sent.slice(context.length).find(({ characters }) => characters > 0) ?? null;
  const turns = turnsOf(context, seen, preview.takes_prefill, sizeOf);
  const { bot_id, bot_reason, model, conversation_id, parent_id, memory, left_out } = preview;
  const role = preview.takes_system ? "system" as const : "user" as const;
  const remembered = memory === null
    ? []
    : [{ ...memory, characters: memory.characters + HEADING, role, message_id: null }];
  return {
    ...{ bot_id, bot_reason, model, conversation_id, parent_id },
    messages: [...instructions, ...remembered, ...turns].map(({ role, characters, bytes, message_id }) => ({
      ...{ role, characters, estimated_tokens: tokensOf(bytes), message_id },
    })),
    memory: memory && { message_id: memory.message_id, characters: memory.characters },
    left_out,
    estimated_tokens: tokensOf(sent.reduce((sum, { bytes }) => sum + bytes, preview.fixed_bytes)),
    context_tokens: preview.context_tokens,
    reply_tokens: preview.reply_tokens,
    fits: preview.fits,
  };
}

function sizeOf({ role, content }: ContextMessage): Sized {
  return { role, characters: charactersIn(content), bytes: bytesIn(content) + MESSAGE_BYTES, message_id: null };
}
