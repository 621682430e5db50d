/** Texts for how a test of a bot went. */

import type { ClientErrorCode } from "../../client/errors.ts";
import type { BotTest } from "../../client/types.ts";
import { counted } from "./context.ts";
import { errorTitle } from "./errors.ts";

/** How it went, or why there was none. */
export type TestOutcome = BotTest | { ok: false; error: { code: ClientErrorCode; message: string } };

/** One thing that was found out. */
export interface Finding {
  text: string;
  /** Null: neither good nor bad. */
  isGood: boolean | null;
}

/** What had worked before this failure. */
const BEFORE: { [Code in ClientErrorCode]?: string } = {
  provider_auth: "The address answers.",
  provider_rate_limited: "The address answers.",
  provider_refused: "The address answers.",
};

/** In the order address, key, model, window. */
export function findingsOf(test: TestOutcome): Finding[] {
  if (!test.ok) {
    const { code } = test.error;
    const before = BEFORE[code];
    return [...(before ? [{ text: before, isGood: true }] : []), { text: errorTitle(code), isGood: false }];
  }
  const { model, is_listed, context_tokens, first_token_ms } = test;
  const seconds = Math.max(first_token_ms / 1000, 0.1).toLocaleString("en", { maximumFractionDigits: 1 });
  return [
    { text: `The address answers: its first word came within ${seconds} s.`, isGood: true },
    { text: "The key is taken, or none is needed.", isGood: true },
    is_listed === false
      ? { text: `${model} answers, although the provider does not list it.`, isGood: null }
      : { text: `${model} answers.`, isGood: true },
    context_tokens === null
      ? { text: "How much it reads at once is not said.", isGood: null }
      : { text: `It reads ${counted(context_tokens)} tokens at once.`, isGood: true },
  ];
}
