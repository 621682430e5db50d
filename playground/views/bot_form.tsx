/** The settings of a bot: creates, changes or deletes it. */

import { useState } from "preact/hooks";
import type { BotFields } from "../data/bots.ts";
import type { Bot } from "../data/rows.ts";
import { Field, FormError, Modal, valuesOf } from "./controls.tsx";
import { useSession } from "./session_context.ts";

interface BotFormProps {
  /** Null: a new one. */
  bot: Bot | null;
  onClose(): void;
}

export function BotForm({ bot, onClose }: BotFormProps) {
  const session = useSession();
  const [error, setError] = useState("");
  const [isDeleting, setDeleting] = useState(false);

  async function attempt(work: () => Promise<void>) {
    setError("");
    try {
      await work();
      onClose();
    } catch (reason) {
      setError((reason as Error).message);
    }
  }

  return (
    <Modal title={bot ? "Bot settings" : "New bot"} onClose={onClose}>
      <form
        class="form"
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          const values = valuesOf(event);
          attempt(() => session.saveBot(bot?.id ?? null, fieldsOf(values)));
        }}
      >
        <Fields bot={bot} />
        <FormError text={error} />
        {isDeleting
          ? (
            <ConfirmDelete
              onKeep={() => setDeleting(false)}
              onDelete={() => attempt(() => session.removeBot(bot!.id))}
            />
          )
          : (
            <div class="actions end">
              {bot && (
                <button type="button" class="link danger first" onClick={() => setDeleting(true)}>Delete bot</button>
              )}
              <button type="button" class="button" onClick={onClose}>Cancel</button>
              <button type="submit" class="button primary">
                {bot ? "Save" : "Create bot"}
              </button>
            </div>
          )}
      </form>
    </Modal>
  );
}

function Fields({ bot }: { bot: Bot | null }) {
  return (
    <>
      <Field
        label="Name"
        name="name"
        defaultValue={bot?.name}
        placeholder="Night storyteller"
        maxLength={80}
        autoFocus
      />
      <div class="field-pair">
        <Field label="Model" name="model" defaultValue={bot?.model} placeholder="gpt-4o-mini" autoComplete="off" />
        <Field
          label="Temperature"
          name="temperature"
          inputMode="decimal"
          defaultValue={bot?.temperature ?? ""}
          placeholder="Provider’s default"
          help="From 0 to 2."
        />
      </div>
      <Field
        label="Base URL"
        name="access_path"
        type="url"
        defaultValue={bot?.access_path ?? "https://api.openai.com/v1"}
        help="Any provider with OpenAI’s chat completions API."
      />
      <Field
        label="Key"
        name="access_key"
        type="password"
        autoComplete="new-password"
        placeholder={bot ? "Leave empty to keep the current key" : "sk-…"}
        help="Stored by the relay. It cannot be shown again, only replaced. Enter it again with another server’s base URL."
      />
      <Field
        label="Instructions"
        name="system_prompt"
        lines={3}
        defaultValue={bot?.system_prompt ?? ""}
        placeholder="You tell short, warm stories and never explain the moral."
      />
    </>
  );
}

function ConfirmDelete({ onKeep, onDelete }: { onKeep(): void; onDelete(): void }) {
  return (
    <div class="actions end" role="group" aria-label="Delete the bot">
      <span class="question">Delete this bot? Its stories stay.</span>
      <button type="button" class="button" onClick={onKeep}>Keep</button>
      <button type="button" class="button danger" onClick={onDelete}>Delete</button>
    </div>
  );
}

/** Throws an Error with a message for the user. An empty key is left out, so that the stored one stays. */
function fieldsOf(values: Record<string, string>): BotFields {
  const name = values.name.trim();
  if (!name) throw new Error("Enter a name.");
  const model = values.model.trim();
  if (!model) throw new Error("Enter a model, such as gpt-4o-mini.");
  const baseUrl = values.access_path.trim();
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl)) {
    throw new Error("The base URL should look like https://api.openai.com/v1.");
  }
  const entered = values.temperature.trim().replace(",", ".");
  const temperature = entered === "" ? null : Number(entered);
  if (temperature !== null && !(temperature >= 0 && temperature <= 2)) {
    throw new Error("The temperature must be a number from 0 to 2.");
  }
  const key = values.access_key.trim();
  return {
    name,
    model,
    access_path: baseUrl,
    temperature,
    system_prompt: values.system_prompt.trim() || null,
    ...(key ? { access_key: key } : {}),
  };
}
