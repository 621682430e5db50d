/** The text area for a prompt: Enter sends, Shift and Enter make a new line, the height follows the text. */

import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { counted } from "../copy/context.ts";
import { directionOf } from "../copy/direction.ts";
import { isComposing } from "../platform/keyboard.ts";
import { MAX_PROMPT_CHARACTERS, promptLength } from "../story/prompt_limit.ts";

interface PromptBoxProps {
  id: string;
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
  placeholder?: string;
  onText(text: string): void;
  onSend(): void;
}

/** Units of a paste that is not left to the browser: Chromium may take a minute for one of many lines. */
const PASTED_UNITS = 50_000;

/** A text of more units is as high as the box may be: to measure a megabyte at each key would take longer than typing. */
const MEASURED_UNITS = 10_000;

/** As high as its text, up to what the style allows. */
export function useTextHeight(box: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    if (text.length > MEASURED_UNITS) {
      area.style.height = "100vh";
      return;
    }
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);
}

/** Handles a paste that would hang the browser. */
export function takeLongPaste(onText: (text: string) => void) {
  return (event: ClipboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (pasted.length < PASTED_UNITS) return;
    event.preventDefault();
    const area = event.currentTarget;
    area.setRangeText(pasted, area.selectionStart, area.selectionEnd, "end");
    onText(area.value);
  };
}

/** How long a long prompt is; nothing for a short one. */
export function PromptLength({ id, length }: { id: string; length: ReturnType<typeof promptLength> }) {
  if (!length) return null;
  return (
    <p class={length.isTooLong ? "hint prompt-length too-long" : "hint prompt-length"} id={id}>
      {length.isTooLong && <span role="alert">Too long to send: shorten it.</span>} {counted(length.characters)} of{" "}
      {counted(MAX_PROMPT_CHARACTERS)} characters
    </p>
  );
}

export function PromptBox({ id, box, text, placeholder, onText, onSend }: PromptBoxProps) {
  useTextHeight(box, text);
  const length = promptLength(text);
  return (
    <div class="prompt-box">
      <textarea
        id={id}
        ref={box}
        rows={1}
        dir={directionOf(text)}
        enterkeyhint="send"
        placeholder={placeholder}
        value={text}
        aria-invalid={length?.isTooLong}
        aria-describedby={length ? `${id}-length` : undefined}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
        onPaste={takeLongPaste(onText)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
          event.preventDefault();
          onSend();
        }}
      />
      <PromptLength id={`${id}-length`} length={length} />
    </div>
  );
}
