/**
 * Asks a provider about a model, if it has an address for that: whether it lists the model, and how large the window
 * is.
 */

import type { Clock } from "../platform/clock.ts";
import { MAX_MODELS_BYTES } from "../protocol/limits.ts";
import { readsOf } from "../transport/fetch.ts";
import { apiOf } from "./client.ts";
import { createBoundedFetch, readBytes } from "./fetch.ts";
import type { ProviderCall } from "./provider.ts";

/** Null: the provider does not say. */
export interface ListedModel {
  isListed: boolean | null;
  contextTokens: number | null;
}

const UNKNOWN: ListedModel = { isListed: null, contextTokens: null };

/** As OpenRouter, Together, Groq, vLLM, Mistral, Anthropic and Gemini name the tokens that a model reads at once. */
const WINDOWS = [
  ...["context_length", "context_window", "max_model_len", "max_context_length", "max_input_tokens"],
  ...["inputTokenLimit", "context_size", "max_context_tokens", "context_tokens"],
];

/** Looks a model up; never rejects, and gives nothing of what the provider sent but a number. */
export type LookUp = (call: ProviderCall, signal: AbortSignal) => Promise<ListedModel>;

/** Asks for the one model first: the answer is short, while a list of all models can be megabytes. */
export function createLookUp(clock: Clock, fetchAny?: typeof fetch): LookUp {
  const fetchBounded = createBoundedFetch(clock, fetchAny);

  async function get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<unknown> {
    const response = await fetchBounded(url, { method: "GET", headers, signal });
    if (!response.ok) return null;
    const reads = readsOf(response) ?? (response.body === null ? null : readBytes(response.body));
    if (reads === null) return null;
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    for (;;) {
      const read = await reads.next();
      if (read === undefined) return JSON.parse(text + decoder.decode());
      bytes += read.length;
      if (bytes > MAX_MODELS_BYTES) {
        reads.cancel(new DOMException("The list is too long", "AbortError"));
        return null;
      }
      text += decoder.decode(read, { stream: true });
    }
  }

  return async (call, signal) => {
    try {
      const { "content-type": _, ...headers } = apiOf(call).headersOf(call);
      const list = listOf(apiOf(call).endpointOf(call));
      const name = call.model.replace(/^models\//, "").split("/").map(encodeURIComponent).join("/");
      const one = await get(at(list, `${list.pathname}/${name}`), headers, signal).catch(() => null);
      if (isObject(one) && isOf(one, call.model)) return { isListed: true, contextTokens: windowOf(one) };
      signal.throwIfAborted();
      const all = await get(list.href, headers, signal);
      const models = isObject(all) ? all.data ?? all.models : all;
      if (!Array.isArray(models)) return UNKNOWN;
      const found = models.find((model) => isObject(model) && isOf(model, call.model));
      return { isListed: found !== undefined, contextTokens: found === undefined ? null : windowOf(found) };
    } catch {
      return UNKNOWN;
    }
  };
}

/** Next to the endpoint that answers. */
function listOf(endpoint: string): URL {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/(?:chat\/completions|messages|responses|models\/[^/]*)$/, "")}/models`;
  url.searchParams.delete("alt");
  return url;
}

function at(list: URL, pathname: string): string {
  const url = new URL(list);
  url.pathname = pathname;
  return url.href;
}

function isOf(model: Record<string, unknown>, wanted: string): boolean {
  const name = wanted.replace(/^models\//, "");
  return [model.id, model.name, model.model].some((id) => id === wanted || id === name || id === `models/${name}`);
}

function windowOf(model: Record<string, unknown>): number | null {
  for (const name of WINDOWS) {
    const value = model[name];
    if (typeof value === "number" && Number.isInteger(value) && value >= 256 && value <= 10_000_000) return value;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
