/** The messages: prompts, answers, and the answer that is being generated. */

import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { authorNote, leftOutNote } from "../copy/context.ts";
import { endingNote, isCutShort } from "../copy/errors.ts";
import { costNote } from "../copy/spending.ts";
import type { Message } from "../data/rows.ts";
import { isComposing } from "../platform/keyboard.ts";
import { isTooLong } from "../story/prompt_limit.ts";
import { Icon } from "./controls.tsx";
import { PromptBox } from "./prompt_box.tsx";
import { useSession } from "./session_context.ts";

export function MessageView({ message }: { message: Message }) {
  return message.is_user_author ? <Prompt message={message} /> : <Answer message={message} />;
}

function Prompt({ message }: { message: Message }) {
  const { generation } = useSession().current;
  const [isEdited, setEdited] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  if (isEdited) {
    return (
      <PromptEditor
        message={message}
        onEnd={() => {
          setEdited(false);
          requestAnimationFrame(() => opener.current?.focus());
        }}
      />
    );
  }
  return (
    <article class="prompt" aria-label="You" data-message={message.id}>
      <Paragraphs text={message.content} />
      <div class="tools">
        <Versions message={message} />
        <button
          type="button"
          class="tool"
          data-action="edit"
          ref={opener}
          disabled={generation.isRunning.value}
          onClick={() => setEdited(true)}
        >
          <Icon name="edit" /> Edit
        </button>
        <AnswerMenu message={message} />
      </div>
      <MemoryMark message={message} />
    </article>
  );
}

/** What is sent from here becomes a new branch: the old prompt and all that follows it stay. */
function PromptEditor({ message, onEnd }: { message: Message; onEnd(): void }) {
  const { generation } = useSession().current;
  const [text, setText] = useState(message.content);
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(text.length, text.length);
  }, []);
  const send = () => {
    if (!text.trim() || isTooLong(text) || generation.isRunning.value) return;
    onEnd();
    generation.send(text.trim(), message.parent_id);
  };
  return (
    <form
      class="prompt editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || isComposing(event)) return;
        event.preventDefault();
        onEnd();
      }}
    >
      <label class="visually-hidden" for={`edit-${message.id}`}>Edit your message</label>
      <PromptBox id={`edit-${message.id}`} box={box} text={text} onText={setText} onSend={send} />
      <div class="editor-foot">
        <span>The old version stays.</span>
        <button type="button" class="button small" onClick={onEnd}>Cancel</button>
        <button type="submit" class="button primary small" disabled={!text.trim() || isTooLong(text)}>Send</button>
      </div>
    </form>
  );
}

function Answer({ message }: { message: Message }) {
  const session = useSession();
  const { current } = session;
  const { generation } = current;
  const isLeaf = current.path.value.at(-1)?.id === message.id;
  const isRunning = generation.isRunning.value;
  const { finish_reason, is_complete, cost } = message;
  const context = generation.pastContext.get(message.id);
  const author = authorNote(message.bot_id, session.bot()?.id ?? null, session.bots.value ?? []);
  const ending = endingNote(finish_reason, is_complete);
  const notes = [author, context && leftOutNote(context), ending, costNote(cost)].filter((note) => note);
  const reasoning = generation.pastReasoning.get(message.id);
  return (
    <article class="answer" aria-label="Story" data-message={message.id}>
      {reasoning && <Reasoning text={reasoning} title="Reasoning" />}
      <Paragraphs text={message.content} />
      <div class="tools">
        <Versions message={message} />
        {isCutShort(finish_reason, is_complete) && (
          <button
            type="button"
            class="tool"
            disabled={isRunning}
            onClick={() => generation.goOn(message.id)}
          >
            <Icon name="forth" /> Continue
          </button>
        )}
        <button type="button" class="tool" disabled={isRunning} onClick={() => generation.regenerate(message.id)}>
          <Icon name="again" /> Regenerate
        </button>
        {!isLeaf && (
          <button
            type="button"
            class="tool"
            disabled={isRunning}
            onClick={() => current.branchFrom(message.id)}
          >
            <Icon name="branch" /> Branch here
          </button>
        )}
        <AnswerMenu message={message} />
        {notes.length > 0 && <span class="ending">{notes.join(" · ")}</span>}
      </div>
      <MemoryMark message={message} />
    </article>
  );
}

/** Opens the memory that ends with this message. */
function MemoryMark({ message }: { message: Message }) {
  const { dialog } = useSession();
  if (message.memory === null) return null;
  return (
    <button type="button" class="memory" onClick={() => dialog.value = { name: "memory", message }}>
      Memory of the story up to here
    </button>
  );
}

/** Lets one of the bots answer the message: another bot's version, or its turn after an answer. */
function AnswerMenu({ message }: { message: Message }) {
  const { bots, current: { generation } } = useSession();
  const [isOpen, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  if (!bots.value?.length) return null;
  return (
    <>
      <button type="button" class="tool" disabled={generation.isRunning.value} popovertarget={id}>
        <Icon name="answer" /> Answer as…
      </button>
      <div
        class="menu near"
        id={id}
        ref={menu}
        popover="auto"
        onToggle={({ newState }) => setOpen(newState === "open")}
      >
        {isOpen && bots.value.map((bot) => (
          <button
            key={bot.id}
            type="button"
            onClick={() => {
              menu.current?.hidePopover();
              generation.answer(message.id, bot.id);
            }}
          >
            {bot.name || "Unnamed bot"}
          </button>
        ))}
      </div>
    </>
  );
}

/** Goes back and forth between the versions of a message. */
function Versions({ message }: { message: Message }) {
  const { current } = useSession();
  const { all, index } = current.tree.value.versionsOf(message);
  if (all.length < 2) return null;
  const button = (label: string, icon: "back" | "forth", version: Message | undefined) => (
    <button
      type="button"
      class="tool"
      aria-label={label}
      disabled={!version}
      onClick={() => {
        current.show(version!.id);
        requestAnimationFrame(() => focusVersionButton(version!.id, label));
      }}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <span class="versions" role="group" aria-label="Versions">
      {button("Previous version", "back", all[index - 1])}
      <span>
        <span class="visually-hidden">Version</span> {index + 1}/{all.length}
      </span>
      {button("Next version", "forth", all[index + 1])}
    </span>
  );
}

/** The other version has its own buttons: the focus moves to the same one, or to the one that is enabled. */
function focusVersionButton(messageId: string, label: string) {
  const buttons = document.querySelectorAll<HTMLButtonElement>(`[data-message="${messageId}"] .versions button`);
  const enabled = [...buttons].filter((button) => !button.disabled);
  (enabled.find((button) => button.getAttribute("aria-label") === label) ?? enabled[0])?.focus();
}

/** A prompt that was sent and is not stored yet. */
export function PendingPrompt({ text }: { text: string }) {
  // Keeps room for the buttons that appear once it is stored.
  const isRunning = useSession().current.generation.isRunning.value;
  return (
    <article class="prompt" aria-label="You">
      <Paragraphs text={text} />
      {isRunning && <div class="tools" />}
    </article>
  );
}

const STATUS_TEXT = {
  idle: "",
  sending: "Waiting for the answer…",
  waiting: "Waiting for the answer…",
  streaming: "",
  reconnecting: "Connection lost. Reconnecting…",
  stopping: "Stopping…",
};

/** The answer that is being generated. */
export function LiveAnswer() {
  const { generation } = useSession().current;
  const text = generation.text.value;
  const reasoning = generation.reasoning.value;
  const status = generation.status.value;
  const context = generation.context.value;
  const leftOut = context && leftOutNote(context);
  return (
    <article class={`answer live ${status}`} aria-label="Story" aria-busy={status !== "idle"}>
      {reasoning && <Reasoning text={reasoning} title={text ? "Reasoning" : "Thinking…"} />}
      <Paragraphs text={text} />
      {STATUS_TEXT[status] && <p class="status">{STATUS_TEXT[status]}</p>}
      {leftOut && <p class="left-out">{leftOut}</p>}
    </article>
  );
}

function Reasoning({ text, title }: { text: string; title: string }) {
  return (
    <details class="reasoning">
      <summary>{title}</summary>
      <p>{text}</p>
    </details>
  );
}

function Paragraphs({ text }: { text: string }) {
  const paragraphs = text.split(/\n{2,}/).filter((paragraph) => paragraph.trim());
  return (
    <div class="text">
      {paragraphs.map((paragraph, index) => <p key={index}>{paragraph}</p>)}
    </div>
  );
}
