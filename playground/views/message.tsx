/** The messages: prompts, answers, and the answer that is being generated. */

import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { leftOutNote } from "../copy/context.ts";
import { isCutShort } from "../copy/errors.ts";
import { editOf, readDraft } from "../data/drafts.ts";
import type { Message } from "../data/rows.ts";
import { Icon } from "./controls.tsx";
import { CopyButton } from "./copy_button.tsx";
import { useMarkdown } from "./markdown.tsx";
import { Menu } from "./menu.tsx";
import { MessageEditor } from "./message_editor.tsx";
import { useSession } from "./session_context.ts";
import { notesOf, Versions } from "./versions.tsx";

/** A prompt, or its editor. */
export function Prompt({ message }: { message: Message }) {
  const editing = useEditing(message);
  if (editing.isOn) return <MessageEditor message={message} onEnd={editing.end} />;
  return (
    <article class="prompt" aria-label="You" data-message={message.id}>
      <h2 class="visually-hidden">You</h2>
      <Plain text={message.content} />
      <div class="tools">
        <Versions message={message} />
        <EditButton label="Edit" editing={editing} />
        <AnswerMenu message={message} />
        <CopyButton text={message.content} label="Copy" />
      </div>
      <MemoryMark message={message} />
    </article>
  );
}

function useEditing(message: Message | null) {
  const { user, current } = useSession();
  const [isOn, setOn] = useState(false);
  const [isKept, setKept] = useState(() => {
    const kept = message && readDraft(editOf(user.id, current.id.value, message.id));
    return !!kept && kept !== message.content;
  });
  const opener = useRef<HTMLButtonElement>(null);
  return {
    isOn,
    /** Something was entered before, and not saved. */
    isKept,
    opener,
    begin: () => setOn(true),
    end() {
      setOn(false);
      setKept(false);
      requestAnimationFrame(() => opener.current?.focus());
    },
  };
}

function EditButton({ label, editing }: { label: string; editing: ReturnType<typeof useEditing> }) {
  const { generation } = useSession().current;
  return (
    <button
      type="button"
      class="tool"
      aria-label={editing.isKept ? `${label} (not saved)` : label}
      data-action="edit"
      ref={editing.opener}
      disabled={generation.isRunning.value}
      onClick={editing.begin}
    >
      <Icon name="edit" /> {editing.isKept ? "Edit (not saved)" : "Edit"}
    </button>
  );
}

/** An answer; null: the one that is being generated. It is the same view when it is stored, so nothing is drawn again. */
export function Answer({ message }: { message: Message | null }) {
  const editing = useEditing(message);
  const { generation } = useSession().current;
  const live = useFrames(message === null ? generation.text : null);
  const status = message === null ? generation.status.value : "idle";
  const text = message?.content ?? live;
  const markdown = useMarkdown(text, status !== "idle");
  if (message !== null && editing.isOn) return <MessageEditor message={message} onEnd={editing.end} />;
  const reasoning = message === null ? generation.reasoning.value : generation.pastReasoning.get(message.id);
  return (
    <article
      class={message === null ? `answer live ${status}` : "answer"}
      aria-label="Story"
      aria-busy={message === null && status !== "idle"}
      data-message={message?.id}
    >
      <h2 class="visually-hidden">Story</h2>
      {reasoning && <Reasoning text={reasoning} title={text || message ? "Reasoning" : "Thinking…"} />}
      {markdown}
      {message === null ? <LiveNotes /> : <AnswerTools message={message} editing={editing} />}
    </article>
  );
}

/** The text, updated at most once a frame. */
function useFrames(source: ReadonlySignal<string> | null): string {
  const [text, setText] = useState(source?.peek() ?? "");
  useEffect(() => {
    if (source === null) return;
    let frame = 0;
    const unsubscribe = source.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setText(source.peek());
      });
    });
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [source]);
  return text;
}

const STATUS_TEXT = {
  idle: "",
  sending: "Waiting for the answer…",
  waiting: "Waiting for the answer…",
  streaming: "",
  reconnecting: "Connection lost. Reconnecting…",
  stopping: "Stopping…",
};

function LiveNotes() {
  const { generation } = useSession().current;
  const context = generation.context.value;
  const leftOut = context && leftOutNote(context);
  const status = STATUS_TEXT[generation.status.value];
  return (
    <>
      {status && <p class="status">{status}</p>}
      {leftOut && <p class="hint left-out">{leftOut}</p>}
    </>
  );
}

function AnswerTools({ message, editing }: { message: Message; editing: ReturnType<typeof useEditing> }) {
  const session = useSession();
  const { current } = session;
  const { generation } = current;
  const isLeaf = current.path.value.at(-1)?.id === message.id;
  const isRunning = generation.isRunning.value;
  const { id, content, finish_reason, is_complete } = message;
  const context = generation.pastContext.get(id);
  const notes = [context && leftOutNote(context), ...notesOf(message, session)].filter((note) => note);
  return (
    <>
      <div class="tools">
        <Versions message={message} />
        {isCutShort(finish_reason, is_complete) && (
          <button
            type="button"
            class="tool"
            disabled={isRunning}
            onClick={() => generation.goOn(id)}
          >
            <Icon name="forth" /> Continue
          </button>
        )}
        <button type="button" class="tool" disabled={isRunning} onClick={() => generation.regenerate(id)}>
          <Icon name="again" /> Regenerate
        </button>
        {!isLeaf && (
          <button type="button" class="tool" disabled={isRunning} onClick={() => current.branchFrom(id)}>
            <Icon name="branch" /> Branch here
          </button>
        )}
        <AnswerMenu message={message} />
        <EditButton label="Edit the answer" editing={editing} />
        <CopyButton text={content} label="Copy" />
        {notes.length > 0 && <span class="ending">{notes.join(" · ")}</span>}
      </div>
      <MemoryMark message={message} />
    </>
  );
}

/** Opens the memory that ends with this message. */
function MemoryMark({ message }: { message: Message }) {
  const { dialog } = useSession();
  if (message.memory === null) return null;
  return (
    <button type="button" class="hint memory" onClick={() => dialog.value = { name: "memory", message }}>
      Memory of the story up to here
    </button>
  );
}

/** Lets one of the bots answer the message: another bot's version, or its turn after an answer. */
function AnswerMenu({ message }: { message: Message }) {
  const { bots, current: { generation } } = useSession();
  if (!bots.value?.length) return null;
  const items = () =>
    bots.value!.map(({ id, name }) => ({
      text: name || "Unnamed bot",
      onChoose: () => generation.answer(message.id, id),
    }));
  return (
    <Menu kind="tool" isNear isDisabled={generation.isRunning.value} items={items}>
      <Icon name="answer" /> Answer as…
    </Menu>
  );
}

/** A prompt that was sent and is not stored yet. */
export function PendingPrompt({ text }: { text: string }) {
  // Keeps room for the buttons that appear once it is stored.
  const isRunning = useSession().current.generation.isRunning.value;
  return (
    <article class="prompt" aria-label="You">
      <h2 class="visually-hidden">You</h2>
      <Plain text={text} />
      {isRunning && <div class="tools" />}
    </article>
  );
}

function Reasoning({ text, title }: { text: string; title: string }) {
  return (
    <details class="reasoning">
      <summary>{title}</summary>
      <p dir="auto">{text}</p>
    </details>
  );
}

/** As it was written; each line has the direction of its own letters. */
function Plain({ text }: { text: string }) {
  return (
    <div class="text">
      <p dir="auto">{text}</p>
    </div>
  );
}
