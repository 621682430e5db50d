/** The box that a story is continued from: Enter sends, Shift and Enter make a line, Escape stops. */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { narrow } from "../platform/media.ts";
import { useStudio } from "./context.ts";
import { Icon } from "./parts.tsx";
import { sendsOnEnter, useHeightOfText } from "./typing.ts";

export function Composer() {
  const studio = useStudio();
  const { desk } = studio;
  const { pen } = desk;
  const box = useRef<HTMLTextAreaElement>(null);
  const isWriting = pen.writing.value;
  const isAway = isWriting && !desk.following.value;
  const storyId = desk.storyId.value;

  useHeightOfText(box, pen.draft.value);
  useEffect(() => {
    // On a phone the keyboard would cover what people have come to read.
    if (!narrow.value && !document.querySelector("dialog[open]")) {
      box.current?.focus();
    }
  }, [storyId]);
  useLayoutEffect(() => {
    const stop = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (document.querySelector("dialog[open], :popover-open")) return;
      pen.stop();
    };
    addEventListener("keydown", stop);
    return () => removeEventListener("keydown", stop);
  }, [pen]);

  const send = () => {
    const prompt = pen.draft.value.trim();
    if (prompt && !isWriting) studio.say(prompt);
  };
  if (desk.state.value === "missing") return null;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {isAway && (
        <button type="button" class="away" onClick={desk.follow}>
          Another part is being written. Show it
        </button>
      )}
      <div class="composer-box">
        <label class="unseen" for="composer">Continue the story</label>
        <textarea
          id="composer"
          ref={box}
          rows={1}
          maxLength={32_000}
          enterkeyhint="send"
          placeholder={desk.path.value.length === 0 ? "How does it begin?" : "What happens next?"}
          value={pen.draft.value}
          onInput={({ currentTarget }) => pen.draft.value = currentTarget.value}
          onKeyDown={sendsOnEnter(send)}
        />
        {isWriting
          ? (
            <button
              type="button"
              class="round stop"
              aria-label="Stop"
              title="Stop (Esc)"
              disabled={pen.stage.value === "stopping"}
              onClick={() => {
                pen.stop();
                box.current?.focus();
              }}
            >
              <Icon name="stop" />
            </button>
          )
          : (
            <button
              type="submit"
              class="round"
              aria-label="Send"
              title="Send (Enter)"
              disabled={pen.draft.value.trim() === ""}
            >
              <Icon name="send" />
            </button>
          )}
      </div>
      <p class="keys" aria-hidden="true">
        {isWriting
          ? (
            <>
              <kbd>Esc</kbd> stops. You can leave: it is written on.
            </>
          )
          : (
            <>
              <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> makes a new line
            </>
          )}
      </p>
    </form>
  );
}
