/** Turns what was entered in the form of a bot into its columns. Pure: no page, no database. */

import { counted } from "../copy/context.ts";
import type { BotFields } from "../data/bots.ts";

/** The limits of `bots`; the database has the last word. */
const MIN_WINDOW = 256;
const MAX_WINDOW = 10_000_000;
const MAX_REPLY = 1_000_000;

/** The names of its choices, the first to be asked first. */
export const FALLBACKS = ["fallback_1", "fallback_2", "fallback_3"];

/** What was entered cannot be stored; `field` is the name of what is wrong. */
export class FieldError extends Error {
  override readonly name = "FieldError";

  constructor(readonly field: string, message: string) {
    super(message);
  }
}

/** Throws a FieldError. An empty key is left out, so that the stored one stays; so are headers. */
export function botFieldsOf(values: Record<string, string>): BotFields {
  const name = values.name.trim();
  if (!name) throw new FieldError("name", "Enter a name.");
  const model = values.model.trim();
  if (!model) throw new FieldError("model", "Enter a model, such as gpt-4o-mini.");
  const baseUrl = values.access_path.trim();
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl)) {
    throw new FieldError("access_path", "The base URL should look like https://api.openai.com/v1.");
  }
  const key = values.access_key.trim();
  const headers = headersOf(values.headers);
  return {
    name,
    model,
    access_path: baseUrl,
    api: values.api,
    temperature: temperatureOf(values.temperature),
    system_prompt: values.system_prompt.trim() || null,
    ...tokensOf(values),
    // A box that is not ticked has no value.
    takes_prefill: "takes_prefill" in values,
    takes_system: "takes_system" in values,
    first_turn_is_user: "first_turn_is_user" in values,
    memory: "memory" in values,
    titles: "titles" in values,
    thinks_first: values.thinks_first === "" ? null : values.thinks_first === "true",
    ...(key ? { access_key: key } : {}),
    ...(headers ? { headers } : {}),
  };
}

/** The fallbacks that were chosen, in the order of the form. Throws a FieldError if one was chosen twice. */
export function fallbacksOf(values: Record<string, string>): string[] {
  const chosen = FALLBACKS.map((name) => values[name] ?? "").filter((id) => id !== "");
  if (new Set(chosen).size === chosen.length) return chosen;
  throw new FieldError(FALLBACKS[0], "Choose each bot once for where this one cannot answer.");
}

function temperatureOf(entered: string): number | null {
  const text = entered.trim().replace(",", ".");
  const temperature = text === "" ? null : Number(text);
  if (temperature === null || temperature >= 0 && temperature <= 2) return temperature;
  throw new FieldError("temperature", "The temperature must be a number from 0 to 2.");
}

function tokensOf(values: Record<string, string>): Pick<BotFields, "context_tokens" | "reply_tokens"> {
  const context_tokens = countOf("context_tokens", "The context window", values.context_tokens, MIN_WINDOW, MAX_WINDOW);
  const reply_tokens = countOf("reply_tokens", "What is kept for the answer", values.reply_tokens, 1, MAX_REPLY);
  if (context_tokens !== null && reply_tokens !== null && reply_tokens >= context_tokens) {
    throw new FieldError("reply_tokens", "What is kept for the answer must be less than the context window.");
  }
  return { context_tokens, reply_tokens };
}

/** People write 8,000 and 8 000, too. */
function countOf(field: string, what: string, entered: string, min: number, max: number): number | null {
  const text = entered.replaceAll(/[\s,.’']/g, "");
  if (text === "") return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= min && count <= max) return count;
  throw new FieldError(field, `${what} must be a whole number from ${counted(min)} to ${counted(max)}.`);
}

function headersOf(entered: string): Record<string, string> | null {
  const lines = entered.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) return null;
  if (lines.join() === "-") return {};
  return Object.fromEntries(lines.map((line) => {
    const [, name, value] = /^([A-Za-z0-9-]{1,64})\s*:\s*([ -~]+)$/.exec(line) ?? [];
    if (name) return [name, value];
    throw new FieldError("headers", "Each header should look like X-Title: Storytellr, without accents.");
  }));
}
