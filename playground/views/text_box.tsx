/** The text area of a prompt or an editor: its height follows the text, and a long prompt says how long it is. */

import type { RefObject, TextareaHTMLAttributes } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { counted } from "../copy/context.ts";
import { directionOf } from "../copy/direction.ts";
import { MAX_PROMPT_CHARACTERS, type PromptLength } from "../story/prompt_limit.ts";

interface TextBoxProps extends Omit<TextareaHTMLAttributes, "id" | "ref" | "value"> {
  id: string;
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
  /** How long a prompt is, where that matters. */
  length: PromptLength | null;
  onText(text: string): void;
}

/** Units of a paste that is not left to the browser: Chromium may take a minute for one of many lines. */
const PASTED_UNITS = 50_000;

/** A text of more units is as high as the box may be: to measure a megabyte at each key would take longer than typing. */
const MEASURED_UNITS = 10_000;

/** As high as its text, up to what the style allows. */
function useTextHeight(box: RefObject<HTMLTextAreaElement | null>, text: string): void {
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

export function TextBox({ id, box, text, length, onText, ...attributes }: TextBoxProps) {
  useTextHeight(box, text);
  return (
    <>
      <textarea
        id={id}
        ref={box}
        rows={1}
        dir={directionOf(text)}
        value={text}
        aria-describedby={length ? `${id}-length` : undefined}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
        onPaste={(event) => {
          const pasted = event.clipboardData?.getData("text/plain") ?? "";
          if (pasted.length < PASTED_UNITS) return;
          event.preventDefault();
          const area = event.currentTarget;
          area.setRangeText(pasted, area.selectionStart, area.selectionEnd, "end");
          onText(area.value);
        }}
        {...attributes}
      />
      {length && (
        <p class={length.isTooLong ? "hint prompt-length too-long" : "hint prompt-length"} id={`${id}-length`}>
          {length.isTooLong && <span role="alert">Too long to send: shorten it.</span>} {counted(length.characters)} of
          {" "}
          {counted(MAX_PROMPT_CHARACTERS)} characters
        </p>
      )}
    </>
  );
}
