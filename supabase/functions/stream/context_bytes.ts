/** How much of its user's share of the memory a start takes for the context. */

import { CONTEXT_CHARACTER_BYTES, GENERATION_BYTES, TEXT_UNIT_BYTES } from "../_relay/platform/memory.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { MAX_CONTEXT_CHARACTERS, MAX_MESSAGE_UNITS } from "../_relay/protocol/limits.ts";

/** The characters that a path may have which its model's window cuts: what a user's share has room for. */
export function roomOf({ memory }: Platform, isContinued: boolean): number {
  const bytes = memory.userBytes - GENERATION_BYTES;
  // The most for which bytesOf keeps the share.
  const room = isContinued
    ? Math.max(
      bytes / (CONTEXT_CHARACTER_BYTES + TEXT_UNIT_BYTES),
      (bytes - MAX_MESSAGE_UNITS * TEXT_UNIT_BYTES) / CONTEXT_CHARACTER_BYTES,
    )
    : bytes / CONTEXT_CHARACTER_BYTES;
  return Math.min(MAX_CONTEXT_CHARACTERS, Math.floor(room));
}

/** The characters of a context, in UTF-16 units. */
export function lengthOf(messages: { content: string }[]): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}

/** What a start holds for a context of so many characters; what is continued is the generation's own text, too. */
export function bytesOf(characters: number, isContinued: boolean): number {
  const text = isContinued ? Math.min(characters, MAX_MESSAGE_UNITS) * TEXT_UNIT_BYTES : 0;
  return GENERATION_BYTES + characters * CONTEXT_CHARACTER_BYTES + text;
}
