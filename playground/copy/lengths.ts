/** Texts for what is too long. */

import { counted } from "./context.ts";

/** As docs/limits.md has it; the database has the last word. */
const MAX_MESSAGE_CHARACTERS = 1_048_576;

/** Why a message is refused; null where it fits. */
export function tooLong(text: string): string | null {
  if (text.length <= MAX_MESSAGE_CHARACTERS) return null;
  return `This has ${counted(text.length)} characters, ${
    counted(text.length - MAX_MESSAGE_CHARACTERS)
  } more than a message can have.`;
}
