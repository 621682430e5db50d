/** The form below the conversation: sends a prompt, and stops the generation. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isComposing } from "../platform/keyboard.ts";
import { narrow } from "../platform/media.ts";
import { online } from "../platform/online.ts";
import type { LiveGeneration } from "../story/live_state.ts";
import { isTooLong, promptLength } from "../story/prompt_limit.ts";
import { Icon } from "./controls.tsx";
import { useSession } from "./session_context.ts";
import { TextBox } from "./text_box.tsx";

export function Composer() {
  const session = useSession();
  const { current } = session;
  const { generation, draft } = current;
  const box = useRef<HTMLTextAreaElement>(null);
  const [isRefused, setRefused] = useState(false);
  const isRunning = generation.isRunning.value;
  const isOffline = !online.value;
  const length = promptLength(draft.text.value);
  useFocusOnOpen(box, current.id.value);
  useStopOnEscape(generation);
  useEffect(() => setRefused(false), [isOffline, current.id.value]);

  const send = (isForced = false) => {
    const prompt = draft.text.value.trim();
    if (!prompt || isRunning || isTooLong(prompt)) return;
    if (isOffline && !isForced) return setRefused(true);
    setRefused(false);
    session.send(prompt);
    box.current?.focus();
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
      {isOffline && <OfflineNote isRefused={isRefused} onForce={() => send(true)} />}
      <div class="composer-box">
        <label class="visually-hidden" for="composer">Continue the story</label>
        <div class="prompt-box">
          <TextBox
            id="composer"
            box={box}
            text={draft.text.value}
            length={length}
            placeholder={current.path.value.length === 0 ? "How does it begin?" : "What happens next?"}
            enterkeyhint="send"
            aria-invalid={length?.isTooLong}
            onText={(text) => draft.text.value = text}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
              event.preventDefault();
              send();
            }}
          />
        </div>
        <SendOrStop generation={generation} box={box} text={draft.text.value} />
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

/** The browser may be wrong, so that a user can try all the same. */
function OfflineNote({ isRefused, onForce }: { isRefused: boolean; onForce(): void }) {
  return (
    <div class="offline">
      <p role="status">You are offline. What you write is kept, and an answer goes on when the network is back.</p>
      {isRefused && (
        <p>
          <span role="alert">Not sent: your message is still below.</span>{" "}
          <button type="button" class="link" onClick={onForce}>Send anyway</button>
        </p>
      )}
    </div>
  );
}

interface SendOrStopProps {
  generation: LiveGeneration;
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
}

function SendOrStop({ generation, box, text }: SendOrStopProps) {
  if (!generation.isRunning.value) {
    const isDisabled = text.trim() === "" || isTooLong(text);
    return (
      <button type="submit" class="round-button" aria-label="Send" title="Send (Enter)" disabled={isDisabled}>
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
      onClick={({ detail }) => {
        // The second press of a double click on Send, which was here a moment ago.
        if (detail > 1) return;
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
    // On a phone the keyboard would cover the text. A user who is in the search by now stays there.
    const isTaken = document.activeElement instanceof HTMLInputElement || document.querySelector("dialog[open]");
    if (!narrow.value && !isTaken) box.current?.focus();
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
