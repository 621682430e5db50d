/** What choosing a provider or a model changes in the form of a bot. Pure: no page, no database. */

import { type ProviderPreset, PROVIDERS } from "../data/providers.ts";

/** What the form has in the fields that a preset knows of. */
export interface Entered {
  access_path: string;
  api: string;
  model: string;
  context_tokens: string;
}

/** The provider that is called at this address; undefined: none of those that are known. */
export function presetOf(baseUrl: string): ProviderPreset | undefined {
  const url = normal(baseUrl);
  return PROVIDERS.find(({ base_url }) => normal(base_url) === url);
}

function normal(baseUrl: string): string {
  const text = baseUrl.trim();
  return (URL.canParse(text) ? new URL(text).href : text).replace(/\/+$/, "");
}

/** What the form has once this provider is chosen. The model stays: which ones there are is only suggested. */
export function withProvider(preset: ProviderPreset, entered: Entered, known: string): Entered {
  return withModel({ ...entered, access_path: preset.base_url, api: preset.api }, known);
}

/** Puts in the window that is known of the model, unless there is one other than the `known` that was put in before. */
export function withModel(entered: Entered, known: string): Entered {
  const { access_path, model, context_tokens } = entered;
  if (context_tokens.trim() !== known) return entered;
  const models = presetOf(access_path)?.models ?? {};
  const name = model.trim();
  return { ...entered, context_tokens: Object.hasOwn(models, name) ? String(models[name]) : "" };
}

/** What a preset has changed, and what is left to do. */
export function presetNote({ name, needs_key, models }: ProviderPreset, model: string, isOtherServer: boolean): string {
  const todo = [
    ...(needs_key && isOtherServer ? ["enter its key"] : []),
    ...(Object.hasOwn(models, model.trim()) ? [] : ["choose a model"]),
  ].join(" and ");
  const done = `Base URL and API are those of ${name}.`;
  return todo ? `${done} Now ${todo}.` : done;
}
