/** Small parts that several views are made of. */

import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";

/** The mark: a story that forks. */
export function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" class="brand-ground" />
        <path
          class="brand-line"
          d="M16 25.5V17M16 17c0-4.5-1.5-7.5-6-8.5M16 17c0-4.5 1.5-7.5 6-8.5"
        />
      </svg>
      Storytellr
    </span>
  );
}

const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  tree:
    "M7 8v8M7 13c0-3 10-1 10-5M7 3a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5zM17 3a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5zM7 16a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M6.5 6.5h11v11h-11z",
  back: "M14 6l-6 6 6 6",
  forth: "M10 6l6 6-6 6",
  again: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  branch: "M7 20V4M7 13c0-3 2-4 5-4h5M14 6l3 3-3 3",
};

/** A picture beside words, or in a button that has a label. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface FieldProps {
  label: string;
  name: string;
  help?: ComponentChildren;
  /** Lines; without them it is one line, and an input. */
  lines?: number;
  type?: "text" | "email" | "password" | "url";
  defaultValue?: string | number;
  placeholder?: string;
  autoComplete?: string;
  inputMode?: "decimal" | "email";
  maxLength?: number;
  autoFocus?: boolean;
}

/** A labelled input, uncontrolled: what is typed is read when the form is sent, and nowhere else. */
export function Field({ label, help, lines, ...input }: FieldProps) {
  const id = useId();
  const common = { id, "aria-describedby": help ? `${id}-help` : undefined, spellcheck: lines !== undefined };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {lines === undefined ? <input {...(input as InputHTMLAttributes)} {...common} /> : (
        <textarea
          name={input.name}
          rows={lines}
          placeholder={input.placeholder}
          defaultValue={input.defaultValue}
          {...common}
        />
      )}
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

/** The values of a form that is being sent, which the browser then does not send itself. */
export function valuesOf(event: SubmitEvent): Record<string, string> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}
