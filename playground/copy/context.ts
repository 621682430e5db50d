/** Texts for what of a story a model is sent, and for what is too long. */

import type { Preview, SentContext } from "../../client/types.ts";

/** A number as people read it. */
export function counted(count: number): string {
  return count.toLocaleString("en");
}

/** What was not sent, in a few words; null where all was. */
export function leftOutNote({ left_out, memory }: Pick<SentContext, "left_out" | "memory">): string | null {
  if (left_out === 0) return null;
  const messages = left_out === null
    ? "Many earlier messages were"
    : left_out === 1
    ? "1 earlier message was"
    : `${counted(left_out)} earlier messages were`;
  return memory === null ? `${messages} left out` : `${messages} sent as a memory`;
}

/** Who answered, where it was not the story's bot: a fallback, or a bot that was asked to; null: nothing to say. */
export function authorNote(
  authorId: string | null,
  botId: string | null,
  bots: { id: string; name: string }[],
): string | null {
  if (authorId === null || authorId === botId) return null;
  const author = bots.find(({ id }) => id === authorId);
  return author === undefined ? "By another bot" : `By ${author.name || "an unnamed bot"}`;
}

const REASONS: Record<Preview["bot_reason"], string> = {
  explicit: "it is chosen for this story",
  conversation: "it is this story’s bot",
  default: "it is your default bot",
  latest: "it is your bot that was changed last",
  hook: "the operator’s rule chose it",
};

/** Why this bot would answer. */
export function botReason(reason: Preview["bot_reason"]): string {
  return REASONS[reason] ?? reason;
}

/** How much of the model's window would be used. */
export function windowNote({ estimated_tokens, context_tokens, reply_tokens, fits }: Preview): string {
  const used = `About ${counted(estimated_tokens)} tokens`;
  if (!fits) return `${used}: more than the model can read at once`;
  if (context_tokens === null) return `${used}; how many the model can read is not known`;
  const kept = reply_tokens === null ? "" : `, ${counted(reply_tokens)} of them kept for the answer`;
  return `${used} of ${counted(context_tokens)}${kept}`;
}

/** As docs/limits.md has it; the database has the last word. */
export const MAX_MESSAGE_CHARACTERS = 1_048_576;

/** Why a message is refused; null where it fits. */
export function tooLong(text: string): string | null {
  if (text.length <= MAX_MESSAGE_CHARACTERS) return null;
  return `This has ${counted(text.length)} characters, ${
    counted(text.length - MAX_MESSAGE_CHARACTERS)
  } more than a message can have.`;
}
