/** The forms in which the text of a message is changed. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { directionOf } from "../copy/direction.ts";
import { tooLong } from "../copy/lengths.ts";
import type { Message } from "../data/rows.ts";
import { isComposing } from "../platform/keyboard.ts";
import { isTooLong, promptLength } from "../story/prompt_limit.ts";
import { FormError } from "./controls.tsx";
import { PromptLength, takeLongPaste, useTextHeight } from "./prompt_box.tsx";
import { useSession } from "./session_context.ts";

interface EditorProps {
  message: Message;
  onEnd(): void;
}

/**
 * A prompt is sent as a new branch: the old one and all that follows it stay. Or it is changed where it is, as an answer
 * is: then all that follows it stays below it.
 */
export function MessageEditor({ message, onEnd }: EditorProps) {
  const { current } = useSession();
  const { generation } = current;
  const { id, parent_id, content, is_user_author } = message;
  const [text, setText] = useState(content);
  const [error, setError] = useState("");
  const [isSaving, setSaving] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  useTextHeight(box, text);
  const length = is_user_author ? promptLength(text) : null;

  const isReady = text.trim() !== "" && !isSaving;
  async function save(change: (text: string) => Promise<void>) {
    if (!isReady) return;
    const refusal = tooLong(text);
    if (refusal) return setError(refusal);
    setSaving(true);
    try {
      await change(text);
      onEnd();
    } catch (reason) {
      setError((reason as Error).message);
      setSaving(false);
    }
  }
  const keep = () => save((text) => current.changeText(id, text));
  const addVersion = () => save((text) => current.addVersion(message, text));
  const send = () => {
    if (!isReady || isTooLong(text) || generation.isRunning.value) return;
    onEnd();
    generation.send(text.trim(), parent_id);
  };
  return (
    <form
      class={`${is_user_author ? "prompt" : "answer"} editor`}
      onSubmit={(event) => {
        event.preventDefault();
        if (is_user_author) send();
        else keep();
      }}
      onKeyDown={(event) => {
        if (isComposing(event)) return;
        const submits = event.key === "Enter" && event.target === box.current &&
          (is_user_author ? !event.shiftKey : event.ctrlKey || event.metaKey);
        if (!submits && event.key !== "Escape") return;
        event.preventDefault();
        if (!submits) onEnd();
        else if (is_user_author) send();
        else keep();
      }}
    >
      <label class="visually-hidden" for={`edit-${id}`}>
        {is_user_author ? "Edit your message" : "Edit the answer"}
      </label>
      <textarea
        id={`edit-${id}`}
        ref={box}
        rows={1}
        dir={directionOf(text)}
        value={text}
        aria-describedby={length ? `edit-${id}-length` : undefined}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onPaste={takeLongPaste(setText)}
      />
      <PromptLength id={`edit-${id}-length`} length={length} />
      <FormError text={error} />
      <div class="editor-foot">
        <span>
          {is_user_author
            ? "Send begins a new branch, and the old one stays. Save changes this text."
            : "Save changes this text. A memory of it is not changed."}
        </span>
        <button type="button" class="button small" onClick={onEnd}>Cancel</button>
        {is_user_author
          ? (
            <>
              <button type="button" class="button small" disabled={!isReady} onClick={keep}>Save</button>
              <button type="submit" class="button primary small" disabled={!isReady || isTooLong(text)}>Send</button>
            </>
          )
          : (
            <>
              <button type="button" class="button small" disabled={!isReady} onClick={addVersion}>
                Save as a version
              </button>
              <button type="submit" class="button primary small" disabled={!isReady}>Save</button>
            </>
          )}
      </div>
    </form>
  );
}
