/** Says how a story ended. */

import type { Result } from "../client/client.ts";

/** For people, on one line. */
export function summaryOf({ outcome, text, messageId, finishReason, error }: Result): string {
  const stored = messageId === null
    ? text === "" ? "nothing was stored" : "the relay is still storing it"
    : `stored as message ${messageId}, ${text.length} characters`;
  switch (outcome) {
    case "completed":
      return `The end (${finishReason}): ${stored}`;
    case "cancelled":
      return `Stopped: ${stored}`;
    case "failed":
      return `${error!.message} (${error!.code}): ${stored}`;
    default:
      return `The relay lost its reader: ${stored}`;
  }
}

/** What a shell expects: 130 after Ctrl-C. */
export function exitCodeOf({ outcome }: Result): number {
  if (outcome === "cancelled") return 130;
  return outcome === "completed" ? 0 : 1;
}
