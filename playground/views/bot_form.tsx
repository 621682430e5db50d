/** The settings of a bot: creates, changes or deletes it. */

import { useRef, useState } from "preact/hooks";
import type { TestOutcome } from "../copy/findings.ts";
import type { BotFields } from "../data/bots.ts";
import type { Bot } from "../data/rows.ts";
import { botFieldsOf, FALLBACKS, fallbacksOf, FieldError } from "../story/bot_fields.ts";
import { presetOf } from "../story/presets.ts";
import { AddressFields, ProviderFields, type ProviderFieldsProps } from "./bot_provider.tsx";
import { TestRow } from "./test_row.tsx";
import { Check, Choice, Deletable, Field, FormEnd, FormError, Modal, valuesIn, valuesOf } from "./controls.tsx";
import { enter, fieldOf, usePresets } from "./presets.ts";
import { useSession } from "./session_context.ts";

interface BotFormProps {
  /** Null: a new one. */
  bot: Bot | null;
  onClose(): void;
}

export function BotForm({ bot: opened, onClose }: BotFormProps) {
  const session = useSession();
  /** A new bot is stored before it is tested. */
  const [bot, setBot] = useState(opened);
  const [error, setError] = useState("");
  const [isChanged, setChanged] = useState(false);
  const isBusy = useRef(false);
  const form = useRef<HTMLFormElement>(null);
  const { preset, note, onInput, undo } = usePresets(form, bot);

  /** Null if it failed. One at a time: a double click would make two bots. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
    if (isBusy.current) return null;
    isBusy.current = true;
    setError("");
    try {
      return await work();
    } catch (reason) {
      setError((reason as Error).message);
      if (reason instanceof FieldError) show(fieldOf(form.current!, reason.field), true);
      return null;
    } finally {
      isBusy.current = false;
    }
  }
  const save = async (values: Record<string, string>): Promise<Bot> => {
    const fields = botFieldsOf(values);
    checkKey(fields, bot);
    return await session.saveBot(bot?.id ?? null, fields, fallbacksOf(values));
  };
  const submit = async (event: SubmitEvent) => {
    const values = valuesOf(event);
    if (await attempt(() => save(values))) onClose();
  };
  const remove = () =>
    attempt(async () => {
      await session.removeBot(bot!.id);
      onClose();
    });

  /** A test is of what is stored. */
  async function test(): Promise<TestOutcome | null> {
    let stored = bot;
    if (isChanged || stored === null) {
      stored = await attempt(() => save(valuesIn(form.current!)));
      if (stored === null) return null;
      setBot(stored);
      setChanged(false);
      // They are stored: what stands here would be stored again.
      enter(form.current!, { access_key: "", headers: "" });
    }
    return await session.testBot(stored.id);
  }

  return (
    <Modal title={opened ? "Bot settings" : "New bot"} isChanged={isChanged} onClose={onClose}>
      <form
        class="form"
        ref={form}
        noValidate
        autoComplete="off"
        onInput={({ target }) => {
          const field = target as HTMLInputElement;
          field.removeAttribute("aria-invalid");
          setChanged(true);
          onInput(field.name);
        }}
        onSubmit={submit}
      >
        <Fields bot={bot} preset={preset} note={note} onUndo={undo} />
        <TestRow
          isNew={bot === null}
          isChanged={isChanged}
          onTest={test}
          windowNow={() => fieldOf(form.current!, "context_tokens").value}
          onWindow={(tokens) => {
            enter(form.current!, { context_tokens: String(tokens) });
            show(fieldOf(form.current!, "context_tokens"));
            setChanged(true);
          }}
        />
        {bot === null ? <FormEnd error={error} label="Create bot" onClose={onClose} /> : (
          <>
            <FormError text={error} />
            <Deletable label="Delete bot" question="Delete this bot? Its stories stay." onDelete={remove}>
              <button type="button" class="button" onClick={onClose}>Cancel</button>
              <button type="submit" class="button primary">Save</button>
            </Deletable>
          </>
        )}
      </form>
    </Modal>
  );
}

/** A provider of the list says whether it wants a key: without one its first answer would be an error. */
function checkKey({ access_path, access_key }: BotFields, bot: Bot | null) {
  const preset = presetOf(access_path);
  if (!preset?.needs_key || access_key || (bot && presetOf(bot.access_path) === preset)) return;
  throw new FieldError(
    "access_key",
    `Enter a key of ${preset.name}. “Its models and keys” leads to where you get one.`,
  );
}

/** It may stand in a part that is closed. */
function show(field: HTMLElement, isWrong = false) {
  field.closest("details")?.setAttribute("open", "");
  if (isWrong) field.setAttribute("aria-invalid", "true");
  field.focus();
}

function Fields({ bot, preset, note, onUndo }: ProviderFieldsProps) {
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
      <ProviderFields bot={bot} preset={preset} note={note} onUndo={onUndo} />
      <Field
        label="Instructions"
        name="system_prompt"
        lines={3}
        defaultValue={bot?.system_prompt ?? ""}
        placeholder="You tell short, warm stories and never explain the moral."
      />
      <AddressFields bot={bot} preset={preset} />
      <Fallbacks bot={bot} />
      <Habits bot={bot} />
    </>
  );
}

/** The bots that are asked in its place. */
function Fallbacks({ bot }: { bot: Bot | null }) {
  const { bots, user } = useSession();
  const others = bots.value?.filter(({ id }) => id !== bot?.id) ?? [];
  if (others.length === 0) return null;
  const names = others.map(({ id, name, user_id }): [string, string] => [
    id,
    `${name || "Unnamed bot"}${user_id === user.id ? "" : " (shared)"}`,
  ]);
  const chosen = bot?.fallbacks.filter((id) => others.some((other) => other.id === id)) ?? [];
  return (
    <details class="habits" open={chosen.length > 0}>
      <summary>When its provider is down</summary>
      <div class="form">
        <p class="help">
          Another bot’s model answers, with this bot’s instructions. Only before the first word: no answer is of two
          models.
        </p>
        {FALLBACKS.slice(0, others.length).map((name, index) => (
          <Choice
            key={name}
            label={["Ask first", "Then", "At last"][index]}
            name={name}
            value={chosen[index] ?? ""}
            options={{ "": "None", ...Object.fromEntries(names) }}
          />
        ))}
      </div>
    </details>
  );
}

/** What most models need no setting for. */
function Habits({ bot }: { bot: Bot | null }) {
  return (
    <details class="habits">
      <summary>Model’s habits</summary>
      <div class="form">
        <div class="field-pair">
          <Field
            label="Context window"
            name="context_tokens"
            inputMode="numeric"
            defaultValue={bot?.context_tokens ?? ""}
            placeholder="Unknown"
            help="Tokens that the model reads at once. A longer story is cut at its beginning."
          />
          <Field
            label="Kept for the answer"
            name="reply_tokens"
            inputMode="numeric"
            defaultValue={bot?.reply_tokens ?? ""}
            placeholder="A quarter of the window"
            help="Tokens, and the limit that the model is given."
          />
        </div>
        <Check name="takes_system" label="Takes a system message" isOn={bot?.takes_system ?? true} />
        <Check
          name="first_turn_is_user"
          label="Wants the first message to be the user’s"
          isOn={bot?.first_turn_is_user ?? false}
        />
        <Check
          name="takes_prefill"
          label="Goes on from a last message of its own"
          isOn={bot?.takes_prefill ?? false}
        />
        <Check
          name="memory"
          label="Write memories of long stories"
          help="What happened so far, in short, sent in place of the text. Needs the context window. Written in the background, and costs a call each time."
          isOn={bot?.memory ?? false}
        />
        <Check
          name="titles"
          label="Give stories titles"
          help="A story without a title gets one after its first answer. Written in the background, and costs one call."
          isOn={bot?.titles ?? false}
        />
        <Choice
          label="Thinks before it answers, without a mark at the beginning"
          name="thinks_first"
          value={String(bot?.thinks_first ?? "")}
          options={{ "": "As the model’s name says", true: "Yes", false: "No" }}
        />
        <Field
          label="Headers"
          name="headers"
          lines={2}
          placeholder={bot ? "Leave empty to keep the current ones" : "X-Title: Storytellr"}
          help="For a gateway, one on each line. They cannot be shown again, only replaced; a single - removes them."
        />
      </div>
    </details>
  );
}
