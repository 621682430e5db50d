/** The fields of a bot that say which model is called, where and with which key. */

import type { Bot } from "../data/rows.ts";
import { type ProviderPreset, PROVIDERS } from "../data/providers.ts";
import { Choice, Field } from "./controls.tsx";
import type { PresetNote } from "./presets.ts";

/** What a provider may speak. */
const APIS = {
  chat_completions: "Chat completions, as most providers have",
  anthropic_messages: "Anthropic’s Messages",
  openai_responses: "OpenAI’s Responses",
  gemini: "Google’s Gemini",
};

const NAMES = Object.fromEntries(PROVIDERS.map(({ name }) => [name, name]));

/** What the form of a bot knows of providers. */
export interface ProviderFieldsProps {
  bot: Bot | null;
  /** Undefined: none of those that are known. */
  preset: ProviderPreset | undefined;
  note: PresetNote | null;
  onUndo(): void;
}

export function ProviderFields({ bot, preset, note, onUndo }: ProviderFieldsProps) {
  return (
    <>
      <div>
        <Choice
          label="Provider"
          name="provider"
          value={preset?.name ?? ""}
          options={{ "": bot ? "Another, entered below" : "Choose one, or enter another below", ...NAMES }}
          help={preset && <PresetHelp preset={preset} />}
        />
        <p class="help" role="status">
          {note && (
            <>
              {note.text} <button type="button" class="link" onClick={onUndo}>Undo</button>
            </>
          )}
        </p>
      </div>
      <Field
        label="Key"
        name="access_key"
        type="password"
        autoComplete="new-password"
        placeholder={bot ? "Leave empty to keep the current key" : "sk-…"}
        help="Stored in the project’s database, encrypted where that has Vault. No page can read it back, only replace it. Another server’s base URL needs it again."
      />
      <Field
        label="Model"
        name="model"
        defaultValue={bot?.model}
        placeholder={preset ? Object.keys(preset.models)[0] : "gpt-4o-mini"}
        autoComplete="off"
        suggestions={Object.keys(preset?.models ?? {})}
      />
    </>
  );
}

/** The fields that a provider of the list has set, and those that most users leave to the provider. */
export function AddressFields({ bot, preset }: Pick<ProviderFieldsProps, "bot" | "preset">) {
  return (
    <details class="habits" open={preset === undefined}>
      <summary>Address, API and temperature</summary>
      <div class="form">
        <Field
          label="Base URL"
          name="access_path"
          type="url"
          defaultValue={bot?.access_path}
          placeholder="https://api.openai.com/v1"
          help="Where the provider is called, up to its version."
        />
        <div class="field-pair">
          <Choice label="API" name="api" value={bot?.api ?? "chat_completions"} options={APIS} />
          <Field
            label="Temperature"
            name="temperature"
            inputMode="decimal"
            defaultValue={bot?.temperature ?? ""}
            placeholder="Provider’s default"
            help="From 0 to 2."
          />
        </div>
      </div>
    </details>
  );
}

function PresetHelp({ preset: { docs, needs_key } }: { preset: ProviderPreset }) {
  return (
    <>
      <a class="link" href={docs} target="_blank" rel="noreferrer">Its models and keys</a>
      {!needs_key && ". It asks for no key, and only a relay on the same machine reaches it."}
    </>
  );
}
