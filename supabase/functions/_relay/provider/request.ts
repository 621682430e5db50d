/** What the requests to all APIs have in common: the address, the headers, and turns that models accept. */

import { VERSION } from "../platform/version.ts";
import { RelayError } from "../protocol/errors.ts";
import type { Problem } from "./problem.ts";
import { type ContextMessage, GO_ON, type ProviderCall } from "./provider.ts";
import { bareKey } from "./redact.ts";

/** What the user says before a first message of the assistant's, where a model wants its first turn to be the user's. */
export const FIRST_TURN = "Begin.";

/** Headers that are the relay's or the connection's; the table's check refuses the same names. */
const FORBIDDEN_HEADER =
  /^(?:authorization|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept|accept-encoding|cookie|proxy-.*|sec-.*)$/i;

/** Firewalls in front of providers refuse what does not say who it is. */
const HEADERS = {
  accept: "application/json",
  "content-type": "application/json",
  "user-agent": `storytellr-relay/${VERSION}`,
};

/** The endpoint; a bot's address may be the base or the endpoint itself, either with a query. */
export function endpointAt(baseUrl: URL, endpoint: string): string {
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith(endpoint) ? path : `${path}${endpoint}`;
  return url.href;
}

/** The bot's own headers, and its key, if it has one, in the header of the API. */
export function headersWith(
  { accessKey, headers: own = {} }: ProviderCall,
  ofKey: (key: string) => Record<string, string>,
): Record<string, string> {
  const headers: Record<string, string> = { ...HEADERS };
  for (const [name, value] of Object.entries(own)) {
    if (!/^[\w-]+$/.test(name) || FORBIDDEN_HEADER.test(name) || !/^[\x20-\x7e\t]*$/.test(value)) {
      throw new RelayError("provider_refused", "Cannot send the headers of this bot: one of them is not allowed");
    }
    headers[name.toLowerCase()] = value.trim();
  }
  const key = bareKey(accessKey);
  if (key === null) return headers;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new RelayError("provider_auth", "Cannot send the key of this bot: it has characters that no header can hold");
  }
  return { ...headers, ...ofKey(key) };
}

const AZURE_HOSTS = /\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)$/;

/** The headers of both APIs of OpenAI's. Azure takes a key in a header of its own; a JWT is a token, and no key. */
export function headersOfOpenAi(call: ProviderCall): Record<string, string> {
  const isAzure = AZURE_HOSTS.test(call.baseUrl.hostname);
  return headersWith(call, (key): Record<string, string> => {
    const isKey = isAzure && !/^eyJ[\w-]+\./.test(key);
    return isKey ? { "api-key": key } : { authorization: `Bearer ${key}` };
  });
}

/**
 * Many models refuse two neighbours of one role, some the system role, some a first turn of the assistant's. Strict
 * models refuse a message of white space, and there must be a turn of the user's to answer.
 */
export function messagesFor(
  { messages, takesSystem = true, firstTurnIsUser = false, isPrefilled = false }: Pick<
    ProviderCall,
    "messages" | "takesSystem" | "firstTurnIsUser" | "isPrefilled"
  >,
): ContextMessage[] {
  const turns: ContextMessage[] = messages.filter(({ content }) => content.trim() !== "").map((message) =>
    takesSystem || message.role !== "system" ? message : { ...message, role: "user" as const }
  );
  const isStory = turns.some(({ role }) => role === "assistant");
  if (!isPrefilled && turns.at(-1)?.role !== "user") {
    turns.push({ role: "user", content: isStory ? GO_ON : FIRST_TURN });
  }
  const first = turns.findIndex(({ role }) => role !== "system");
  if (firstTurnIsUser && turns[first]?.role === "assistant") {
    turns.splice(first, 0, { role: "user", content: FIRST_TURN });
  }
  const merged: ContextMessage[] = [];
  for (const { role, content } of turns) {
    const last = merged.at(-1);
    if (last?.role === role) merged[merged.length - 1] = { role, content: `${last.content}\n\n${content}` };
    else merged.push({ role, content });
  }
  return merged;
}

/** Leaves out of the body the fields that a refusal names. */
export function leaveOut(names: string[], body: Record<string, unknown>, { said }: Problem) {
  for (const name of names) {
    // OpenAI's newer models accept the limit only as max_completion_tokens, at Azure and at gateways, too.
    const isRenamed = name === "max_tokens" && said.some((words) => words.includes("max_completion_tokens"));
    if (isRenamed) body.max_completion_tokens ??= body.max_tokens;
    delete body[name];
  }
}

/** The fields of the body that a refusal names, so that the request may be made without them. */
export function refusedFields(
  status: number,
  problem: Problem,
  body: Record<string, unknown>,
  reserved: readonly string[],
): string[] {
  if (status !== 400 && status !== 422) return [];
  const optional = Object.keys(body).filter((name) => !reserved.includes(name));
  const named = problem.parameters.map((parameter) => parameter.split(/[.[]/, 1)[0]);
  const byField = optional.filter((name) => named.includes(name));
  if (byField.length > 0) return byField;
  const words = problem.said.join("\n");
  return optional.filter((name) =>
    mentions(words, name) || name === "stream_options" && mentions(words, "include_usage")
  );
}

/** A name of several words, or one in quotes, is a field; else the sentence must be about a parameter. */
function mentions(words: string, name: string): boolean {
  const whole = new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w]/g, "\\$&")}(?![\\w-])`, "i");
  if (!whole.test(words)) return false;
  if (name.includes("_") || new RegExp(`["'\`]${name}["'\`]`, "i").test(words)) return true;
  return /param|argument|field|property|unsupported|not support|unrecognized|unknown|unexpected|not permitted|deprecated/i
    .test(words);
}
