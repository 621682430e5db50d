/** Makes, changes or deletes one bot. */

import { useState } from "preact/hooks";
import type { BotFields } from "../data/bots.ts";
import type { Bot } from "../data/rows.ts";
import { useStudio } from "./context.ts";
import { Modal } from "./modal.tsx";
import { Field, valuesOf } from "./parts.tsx";

interface BotFormProps {
  /** Null: a new one. */
  bot: Bot | null;
  onClose(): void;
}

export function BotForm({ bot, onClose }: BotFormProps) {
  const studio = useStudio();
  const [reason, setReason] = useState("");
  const [isLeaving, setLeaving] = useState(false);

  async function attempt(work: () => Promise<void>) {
    setReason("");
    try {
      await work();
      onClose();
    } catch (error) {
      setReason((error as Error).message);
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
          attempt(() => studio.saveBot(bot?.id ?? null, fieldsOf(values)));
        }}
      >
        <Field
          label="Name"
          name="name"
          defaultValue={bot?.name}
          placeholder="Night storyteller"
          maxLength={80}
          autoFocus
        />
        <div class="pair">
          <Field
            label="Model"
            name="model"
            defaultValue={bot?.model}
            placeholder="gpt-4o-mini"
            autoComplete="off"
          />
          <Field
            label="Temperature"
            name="temperature"
            inputMode="decimal"
            defaultValue={bot?.temperature ?? ""}
            placeholder="Provider’s choice"
            help="From 0, sober, to 2, wild."
          />
        </div>
        <Field
          label="Base URL"
          name="access_path"
          type="url"
          defaultValue={bot?.access_path ?? "https://api.openai.com/v1"}
          help="Any provider that speaks OpenAI’s chat completions."
        />
        <Field
          label="Key"
          name="access_key"
          type="password"
          autoComplete="new-password"
          placeholder={bot ? "Empty keeps the present one" : "sk-…"}
          help="Goes to the relay and stays there. Nobody can read it again, not even you; you can only set another one."
        />
        <Field
          label="Instructions"
          name="system_prompt"
          lines={3}
          defaultValue={bot?.system_prompt ?? ""}
          placeholder="You tell short, warm stories and never explain the moral."
        />
        {reason && <p class="reason" role="alert">{reason}</p>}
        {isLeaving
          ? (
            <div class="actions end" role="group" aria-label="Delete the bot">
              <span class="question">Delete this bot? Its stories stay.</span>
              <button
                type="button"
                class="button"
                onClick={() => setLeaving(false)}
              >
                Keep it
              </button>
              <button
                type="button"
                class="button danger"
                onClick={() => attempt(() => studio.removeBot(bot!.id))}
              >
                Delete
              </button>
            </div>
          )
          : (
            <div class="actions end">
              {bot && (
                <button
                  type="button"
                  class="link danger first"
                  onClick={() => setLeaving(true)}
                >
                  Delete bot
                </button>
              )}
              <button type="button" class="button" onClick={onClose}>
                Cancel
              </button>
              <button type="submit" class="button primary">
                {bot ? "Save" : "Make bot"}
              </button>
            </div>
          )}
      </form>
    </Modal>
  );
}

/** Throws an Error in words for people. A key that was not typed is not sent, and stays what it is. */
function fieldsOf(values: Record<string, string>): BotFields {
  const name = values.name.trim();
  if (!name) throw new Error("Give the bot a name.");
  const model = values.model.trim();
  if (!model) throw new Error("Say which model answers, such as gpt-4o-mini.");
  const address = values.access_path.trim();
  if (!URL.canParse(address) || !/^https?:/.test(address)) {
    throw new Error("The base URL should look like https://api.openai.com/v1.");
  }
  const typed = values.temperature.trim().replace(",", ".");
  const temperature = typed === "" ? null : Number(typed);
  if (temperature !== null && !(temperature >= 0 && temperature <= 2)) {
    throw new Error("The temperature is a number from 0 to 2.");
  }
  const key = values.access_key.trim();
  return {
    name,
    model,
    access_path: address,
    temperature,
    system_prompt: values.system_prompt.trim() || null,
    ...(key ? { access_key: key } : {}),
  };
}
