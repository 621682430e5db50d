/** Shapes the request of Gemini's streamGenerateContent. */

import type { ContextMessage, ProviderCall } from "../provider.ts";
import { headersWith, messagesFor } from "../request.ts";

/** Fields of the body without which no request is made; the second one contains several settings. */
export const RESERVED = ["contents", "generationConfig", "systemInstruction"];

/** What a bot's params cannot set: fields that are the relay's, under both of their names. */
const OWN = /^(?:contents|model|stream|system_?instruction|candidate_?count)$/i;

/** The other fields of the request; whatever else the params name is a field of `generationConfig`. */
const FIELDS =
  /^(?:safety_?settings|tools|tool_?config|cached_?content|labels|model_?armor_?config|service_?tier|store)$/i;

/** The endpoint; a bot's address may be the base, or the whole one of a model, either with a query. */
export function endpointOf({ baseUrl, model }: Pick<ProviderCall, "baseUrl" | "model">): string {
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, "");
  // A name may have its folder with it: models/…, tunedModels/….
  const name = (model.includes("/") ? model : `models/${model}`).split("/").map(encodeURIComponent).join("/");
  const isWhole = /:(?:streamGenerate|generate)Content$/.test(path);
  url.pathname = `${isWhole ? path.slice(0, path.lastIndexOf(":")) : `${path}/${name}`}:streamGenerateContent`;
  // Without it the answer is one JSON list, which can be parsed only at its end.
  url.searchParams.set("alt", "sse");
  return url.href;
}

/** The key has a header of its own. */
export function headersOf(call: ProviderCall): Record<string, string> {
  return headersWith(call, (key) => ({ "x-goog-api-key": key }));
}

/** The body. A field that the bot's params set to null is left out. The first turn is the user's: no other is taken. */
export function bodyOf(call: ProviderCall): Record<string, unknown> {
  const { temperature, replyTokens = null, params } = call;
  const fields: [string, unknown][] = [];
  const settings: Record<string, unknown> = { temperature, maxOutputTokens: replyTokens };
  for (const [name, value] of Object.entries(params)) {
    if (OWN.test(name)) continue;
    if (/^generation_?config$/i.test(name)) Object.assign(settings, fieldsOf(value));
    else if (FIELDS.test(name)) fields.push([name, value]);
    else settings[name] = value;
  }
  const messages = messagesFor({ ...call, firstTurnIsUser: true });
  const instructions = messages.filter(({ role }) => role === "system").map(partOf);
  const generationConfig = Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => value !== null && !OWN.test(name)),
  );
  return {
    ...Object.fromEntries(fields.filter(([, value]) => value !== null)),
    ...(instructions.length === 0 ? {} : { systemInstruction: { parts: instructions } }),
    contents: messages.filter(({ role }) => role !== "system").map((message) => ({
      role: message.role === "assistant" ? "model" : "user",
      parts: [partOf(message)],
    })),
    generationConfig,
  };
}

function fieldsOf(value: unknown): object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function partOf({ content }: ContextMessage): { text: string } {
  return { text: content };
}
