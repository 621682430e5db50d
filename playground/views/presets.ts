/** Presets of providers in the form of a bot. Its fields are the browser's, so that nothing typed is lost. */

import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Bot } from "../data/rows.ts";
import { PROVIDERS } from "../data/providers.ts";
import { type Entered, presetNote, presetOf, withModel, withProvider } from "../story/presets.ts";

/** The field of this name. */
export function fieldOf(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

/** Puts values into fields. */
export function enter(form: HTMLFormElement, values: Record<string, string>) {
  for (const [name, value] of Object.entries(values)) fieldOf(form, name).value = value;
}

/** What was chosen last, so that it can be undone. */
export interface PresetNote {
  text: string;
  before: Entered;
}

/** The provider that the form shows; `onInput` takes the name of the field that a user has changed. */
export function usePresets(form: RefObject<HTMLFormElement | null>, bot: Bot | null) {
  const [baseUrl, setBaseUrl] = useState(bot?.access_path ?? "");
  const [note, setNote] = useState<PresetNote | null>(null);
  /** The window that was put in here; what else stands there is the user's own. */
  const known = useRef("");

  function change(next: (entered: Entered) => Entered) {
    const names = ["access_path", "api", "model", "context_tokens"];
    const before = Object.fromEntries(
      names.map((name) => [name, fieldOf(form.current!, name).value]),
    ) as unknown as Entered;
    const after = next(before);
    if (after.context_tokens !== before.context_tokens) known.current = after.context_tokens;
    enter(form.current!, { ...after });
    setBaseUrl(after.access_path);
    return before;
  }

  function choose(name: string) {
    const preset = PROVIDERS.find((preset) => preset.name === name);
    if (!preset) return setNote(null);
    const before = change((entered) => withProvider(preset, entered, known.current));
    const text = presetNote(
      preset,
      before.model,
      bot === null || originOf(bot.access_path) !== originOf(preset.base_url),
    );
    setNote({ text, before });
  }

  function onInput(name: string) {
    if (name === "provider") choose(fieldOf(form.current!, name).value);
    else if (name === "access_path" || name === "api") {
      setNote(null);
      setBaseUrl(fieldOf(form.current!, "access_path").value);
    } else if (name === "model") change((entered) => withModel(entered, known.current));
  }

  function undo() {
    const { access_path, api, context_tokens } = note!.before;
    change((entered) => ({ ...entered, access_path, api, context_tokens }));
    setNote(null);
    fieldOf(form.current!, "provider").focus();
  }
  return { preset: presetOf(baseUrl), note, onInput, undo };
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
