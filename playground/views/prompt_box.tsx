/** The text area for a prompt: Enter sends, Shift and Enter make a new line, the height follows the text. */

import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { isComposing } from "../platform/keyboard.ts";

interface PromptBoxProps {
  id: string;
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
  placeholder?: string;
  onText(text: string): void;
  onSend(): void;
}

export function PromptBox({ id, box, text, placeholder, onText, onSend }: PromptBoxProps) {
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);
  return (
    <textarea
      id={id}
      ref={box}
      rows={1}
      dir="auto"
      maxLength={32_000}
      enterkeyhint="send"
      placeholder={placeholder}
      value={text}
      onInput={({ currentTarget }) => onText(currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
        event.preventDefault();
        onSend();
      }}
    />
  );
}
