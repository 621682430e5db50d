/** The parts of a story: what the user said, what was told, and what is being told. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../data/rows.ts";
import { endingOf } from "../words/failures.ts";
import { useStudio } from "./context.ts";
import { Icon } from "./parts.tsx";
import { sendsOnEnter, useHeightOfText } from "./typing.ts";
import { Versions } from "./versions.tsx";

export function Passage({ message }: { message: Message }) {
  return message.is_user_author ? <Prompt message={message} /> : <Told message={message} />;
}

function Prompt({ message }: { message: Message }) {
  const { pen } = useStudio().desk;
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
    <section class="prompt" aria-label="You" data-message={message.id}>
      <Paragraphs text={message.content} />
      <div class="tools">
        <Versions message={message} />
        <button
          type="button"
          class="tool"
          ref={opener}
          disabled={pen.writing.value}
          onClick={() => setEdited(true)}
        >
          <Icon name="edit" /> Edit
        </button>
      </div>
    </section>
  );
}

/** What is sent from here becomes a branch of its own: the old prompt and all that follows it stay. */
function PromptEditor({ message, onEnd }: { message: Message; onEnd(): void }) {
  const { pen } = useStudio().desk;
  const [text, setText] = useState(message.content);
  const box = useRef<HTMLTextAreaElement>(null);
  useHeightOfText(box, text);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(text.length, text.length);
  }, []);
  const send = () => {
    if (!text.trim() || pen.writing.value) return;
    onEnd();
    pen.say(text.trim(), message.parent_id);
  };
  return (
    <form
      class="prompt editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onEnd();
      }}
    >
      <label class="unseen" for={`edit-${message.id}`}>
        Edit what you said
      </label>
      <textarea
        id={`edit-${message.id}`}
        ref={box}
        rows={1}
        maxLength={32_000}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={sendsOnEnter(send)}
      />
      <div class="editor-foot">
        <span>The old version stays.</span>
        <button type="button" class="button small" onClick={onEnd}>
          Cancel
        </button>
        <button
          type="submit"
          class="button primary small"
          disabled={!text.trim()}
        >
          Send
        </button>
      </div>
    </form>
  );
}

function Told({ message }: { message: Message }) {
  const { desk } = useStudio();
  const { pen } = desk;
  const isEnd = desk.path.value.at(-1)?.id === message.id;
  const ending = endingOf(message.finish_reason, message.is_complete);
  const thoughts = pen.thoughts.get(message.id);
  return (
    <section class="told" aria-label="Story" data-message={message.id}>
      {thoughts && <Thoughts text={thoughts} title="What it thought first" />}
      <Paragraphs text={message.content} />
      <div class="tools">
        <Versions message={message} />
        <button
          type="button"
          class="tool"
          disabled={pen.writing.value}
          onClick={() => pen.retell(message.id)}
        >
          <Icon name="again" /> Tell it again
        </button>
        {!isEnd && (
          <button
            type="button"
            class="tool"
            disabled={pen.writing.value}
            onClick={() => desk.moveTo(message.id)}
          >
            <Icon name="branch" /> Branch here
          </button>
        )}
        {ending && <span class="ending">{ending}</span>}
      </div>
    </section>
  );
}

/** What was said a moment ago, and is on its way. */
export function PendingPrompt({ text }: { text: string }) {
  // Room for the buttons that come once it is stored.
  const isWriting = useStudio().desk.pen.writing.value;
  return (
    <section class="prompt" aria-label="You">
      <Paragraphs text={text} />
      {isWriting && <div class="tools" />}
    </section>
  );
}

const WAITING = {
  idle: "",
  starting: "Finding the first words…",
  thinking: "Finding the first words…",
  writing: "",
  reconnecting: "The connection is gone. Trying again…",
  stopping: "Stopping…",
};

/** What is being told right now. */
export function LivePassage() {
  const { pen } = useStudio().desk;
  const text = pen.text.value;
  const reasoning = pen.reasoning.value;
  const stage = pen.stage.value;
  const waiting = WAITING[stage];
  return (
    <section
      class={`told live ${stage}`}
      aria-label="Story"
      aria-busy={stage !== "idle"}
    >
      {reasoning && (
        <Thoughts
          text={reasoning}
          title={text ? "What it thought first" : "Thinking…"}
        />
      )}
      <Paragraphs text={text} />
      {waiting && <p class="waiting">{waiting}</p>}
    </section>
  );
}

function Thoughts({ text, title }: { text: string; title: string }) {
  return (
    <details class="thoughts">
      <summary>{title}</summary>
      <p>{text}</p>
    </details>
  );
}

function Paragraphs({ text }: { text: string }) {
  return (
    <div class="text">
      {text.split(/\n{2,}/).filter((part) => part.trim()).map((part, index) => <p key={index}>{part}</p>)}
    </div>
  );
}
