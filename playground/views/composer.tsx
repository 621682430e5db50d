/** The form below the conversation: sends a prompt, and stops the generation. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { isComposing } from "../platform/keyboard.ts";
import { narrow } from "../platform/media.ts";
import type { LiveGeneration } from "../story/live_state.ts";
import { Icon } from "./controls.tsx";
import { PromptBox } from "./prompt_box.tsx";
import { useSession } from "./session_context.ts";

export function Composer() {
  const session = useSession();
  const { current } = session;
  const { generation } = current;
  const box = useRef<HTMLTextAreaElement>(null);
  const isRunning = generation.isRunning.value;
  useFocusOnOpen(box, current.id.value);
  useStopOnEscape(generation);

  const send = () => {
    const prompt = generation.draft.value.trim();
    if (prompt && !isRunning) session.send(prompt);
  };
  if (current.status.value === "missing") return null;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {isRunning && !current.isFollowing.value && (
        <button type="button" class="follow" onClick={current.follow}>
          An answer is being written on another branch. Show it
        </button>
      )}
      <div class="composer-box">
        <label class="visually-hidden" for="composer">Continue the story</label>
        <PromptBox
          id="composer"
          box={box}
          text={generation.draft.value}
          placeholder={current.path.value.length === 0 ? "How does it begin?" : "What happens next?"}
          onText={(text) => generation.draft.value = text}
          onSend={send}
        />
        <SendOrStop generation={generation} box={box} />
      </div>
      <p class="key-hints" aria-hidden="true">
        {isRunning
          ? (
            <>
              <kbd>Esc</kbd> stops. You can close the page: the story continues.
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

interface SendOrStopProps {
  generation: LiveGeneration;
  box: RefObject<HTMLTextAreaElement | null>;
}

function SendOrStop({ generation, box }: SendOrStopProps) {
  if (!generation.isRunning.value) {
    const isEmpty = generation.draft.value.trim() === "";
    return (
      <button type="submit" class="round-button" aria-label="Send" title="Send (Enter)" disabled={isEmpty}>
        <Icon name="send" />
      </button>
    );
  }
  return (
    <button
      type="button"
      class="round-button stop"
      aria-label="Stop"
      title="Stop (Esc)"
      disabled={generation.status.value === "stopping"}
      onClick={() => {
        generation.stop();
        box.current?.focus();
      }}
    >
      <Icon name="stop" />
    </button>
  );
}

function useFocusOnOpen(box: RefObject<HTMLTextAreaElement | null>, conversationId: string | null) {
  useEffect(() => {
    // On a phone the keyboard would cover the text.
    if (!narrow.value && !document.querySelector("dialog[open]")) box.current?.focus();
  }, [conversationId]);
}

function useStopOnEscape(generation: LiveGeneration) {
  useLayoutEffect(() => {
    const stop = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || isComposing(event)) return;
      if (document.querySelector("dialog[open], :popover-open")) return;
      generation.stop();
    };
    addEventListener("keydown", stop);
    return () => removeEventListener("keydown", stop);
  }, [generation]);
}
