/** The forms in which the text of a message is changed. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { tooLong } from "../copy/context.ts";
import { editOf, readDraft, writeDraft } from "../data/drafts.ts";
import type { Message } from "../data/rows.ts";
import { isComposing } from "../platform/keyboard.ts";
import { isTooLong, promptLength } from "../story/prompt_limit.ts";
import { FormError } from "./controls.tsx";
import { useSession } from "./session_context.ts";
import { TextBox } from "./text_box.tsx";

interface EditorProps {
  message: Message;
  onEnd(): void;
}

/**
 * A prompt is sent as a new branch: the old one and all that follows it stay. Or it is changed where it is, as an answer
 * is: then all that follows it stays below it.
 */
export function MessageEditor({ message, onEnd: close }: EditorProps) {
  const { current, user } = useSession();
  const { generation } = current;
  const { id, parent_id, content, is_user_author } = message;
  const { kept, text, setText, forget } = useKeptText(editOf(user.id, current.id.value, id), content);
  /** The stored text that the user saw last. */
  const known = useRef(content);
  const [error, setError] = useState("");
  const [isSaving, setSaving] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  const length = is_user_author ? promptLength(text) : null;
  const onEnd = () => {
    forget();
    close();
  };

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
  const keep = () =>
    save(async (text) => {
      const other = await current.changeText(id, text, known.current);
      if (other === null) return;
      known.current = other;
      throw new Error("This text was changed elsewhere while you edited it. Save replaces it, Cancel shows it.");
    });
  const addVersion = () => save((text) => current.addVersion(message, text));
  const isSendable = isReady && !isTooLong(text) && !generation.isRunning.value;
  const send = () => {
    if (!isSendable) return;
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
      <TextBox id={`edit-${id}`} box={box} text={text} length={length} onText={setText} />
      {kept && <p class="hint">This is what you wrote before, and had not saved.</p>}
      <FormError text={error} />
      <div class="editor-foot">
        <span class="hint">
          {is_user_author
            ? "Send begins a new branch, and the old one stays. Save changes this text."
            : "Save changes this text. A memory of it is not changed."}
        </span>
        <button type="button" class="button small" onClick={onEnd}>Cancel</button>
        {is_user_author
          ? (
            <>
              <button type="button" class="button small" disabled={!isReady} onClick={keep}>Save</button>
              <button type="submit" class="button primary small" disabled={!isSendable}>Send</button>
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

/** A pause in typing after which the text is kept. */
const PAUSE_MS = 300;

/**
 * What was entered outlives the page, and an editor whose branch is left because another device shows another one. It is
 * kept once: another tab may have saved it since, deleted its story, or signed out.
 */
function useKeptText(name: string, content: string) {
  const [kept] = useState(() => readDraft(name));
  const [text, setText] = useState(kept || content);
  const latest = useRef(text);
  latest.current = text;
  const stored = useRef(text);
  const isOver = useRef(false);
  const save = () => {
    if (isOver.current || latest.current === stored.current) return;
    stored.current = latest.current;
    writeDraft(name, latest.current === content ? "" : latest.current);
  };
  useEffect(() => {
    const timer = setTimeout(save, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    addEventListener("pagehide", save);
    return () => {
      removeEventListener("pagehide", save);
      save();
    };
  }, []);
  return {
    kept: kept !== "" && kept !== content,
    text,
    setText,
    forget() {
      isOver.current = true;
      writeDraft(name, "");
    },
  };
}
