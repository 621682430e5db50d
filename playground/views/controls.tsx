/** Parts that several views are made of: brand, icons, form fields, dialogs. */

import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { narrow } from "../platform/media.ts";

/** The logo: a line that forks, and the name. */
export function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" class="brand-ground" />
        <path class="brand-line" d="M16 25.5V17M16 17c0-4.5-1.5-7.5-6-8.5M16 17c0-4.5 1.5-7.5 6-8.5" />
      </svg>
      Storytellr
    </span>
  );
}

const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  tree: "M7 8v8M7 13c0-3 10-1 10-5M7 3a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5zM17 3a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5z" +
    "M7 16a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M6.5 6.5h11v11h-11z",
  back: "M14 6l-6 6 6 6",
  forth: "M10 6l6 6-6 6",
  again: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  answer: "M4 5h16v11H10l-4 4v-4H4z",
  search: "M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14zM16 16l4.5 4.5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  columns: "M4 5h6.5v14H4zM13.5 5H20v14h-6.5z",
  down: "M12 5v14M6 13l6 6 6-6",
  branch: "M7 20V4M7 13c0-3 2-4 5-4h5M14 6l3 3-3 3",
};

/** Decoration next to a text, or in a button that has a label. */
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
  /** The height of a text area; without it the field is an input. */
  lines?: number;
  type?: "text" | "email" | "password" | "url";
  defaultValue?: string | number;
  placeholder?: string;
  autoComplete?: string;
  inputMode?: "decimal" | "numeric" | "email";
  maxLength?: number;
  autoFocus?: boolean;
  /** Values to choose from; any other can be entered, too. */
  suggestions?: string[];
}

/** A labelled input. It is uncontrolled: valuesOf() reads it when the form is submitted. */
export function Field({ label, help, lines, suggestions, ...input }: FieldProps) {
  const id = useId();
  const common = { id, "aria-describedby": help ? `${id}-help` : undefined, spellcheck: lines !== undefined };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {lines === undefined
        ? <input {...({ ...input, list: suggestions && `${id}-list` } as InputHTMLAttributes)} {...common} />
        : (
          <textarea
            name={input.name}
            rows={lines}
            placeholder={input.placeholder}
            defaultValue={input.defaultValue}
            {...common}
          />
        )}
      {suggestions && (
        <datalist id={`${id}-list`}>{suggestions.map((value) => <option key={value} value={value} />)}</datalist>
      )}
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

/** A box to tick; valuesOf() has its name if it is ticked. */
export function Check({ name, label, help, isOn }: { name: string; label: string; help?: string; isOn: boolean }) {
  const id = useId();
  return (
    <div>
      <label class="check">
        <input
          type="checkbox"
          name={name}
          defaultChecked={isOn}
          aria-describedby={help ? `${id}-help` : undefined}
        />{" "}
        {label}
      </label>
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  value: string;
  /** The text of each value. */
  options: Record<string, string>;
  help?: ComponentChildren;
}

/** One of a few values. */
export function Choice({ label, name, value, options, help }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} aria-describedby={help ? `${id}-help` : undefined}>
        {Object.entries(options).map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>{text}</option>
        ))}
      </select>
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

/** Why a form was not accepted. */
export function FormError({ text }: { text: string }) {
  return text ? <p class="form-error" role="alert">{text}</p> : null;
}

/** The end of a form in a dialog: what is wrong, and its buttons. */
export function FormEnd(
  { error, label, isBusy, onClose }: { error: string; label: string; isBusy?: boolean; onClose(): void },
) {
  return (
    <>
      <FormError text={error} />
      <div class="actions end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary" disabled={isBusy}>{label}</button>
      </div>
    </>
  );
}

/** Moves the focus to the first of these elements below the ref, each time that `when` becomes true or another text. */
export function useFocusOn<T extends HTMLElement>(selector: string, when: boolean | string) {
  const root = useRef<T>(null);
  useLayoutEffect(() => {
    if (when) root.current?.querySelector<HTMLElement>(selector)?.focus();
  }, [when]);
  return root;
}

interface DeletableProps {
  /** "Delete bot" */
  label: string;
  question: string;
  onDelete(): void;
  /** The other buttons. */
  children: ComponentChildren;
}

/** The buttons of a form for something that can be deleted. A question takes their place before it is. */
export function Deletable({ label, question, onDelete, children }: DeletableProps) {
  const [isAsking, setAsking] = useState<boolean | null>(null);
  const root = useFocusOn<HTMLDivElement>("button", isAsking === null ? "" : String(isAsking));
  return isAsking
    ? (
      <div class="actions end" role="group" aria-label={label} ref={root}>
        <span class="question">{question}</span>
        <button type="button" class="button" onClick={() => setAsking(false)}>Keep</button>
        <button type="button" class="button danger" onClick={onDelete}>Delete</button>
      </div>
    )
    : (
      <div class="actions end" ref={root}>
        <button type="button" class="link danger first" onClick={() => setAsking(true)}>{label}</button>
        {children}
      </div>
    );
}

/** The values of a submitted form, which the browser then does not send itself. */
export function valuesOf(event: SubmitEvent): Record<string, string> {
  event.preventDefault();
  return valuesIn(event.currentTarget as HTMLFormElement);
}

/** What stands in a form now. */
export function valuesIn(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

interface ModalProps {
  title: string;
  /** A card in the middle, one that is as wide as the page, or a drawer from one side. */
  kind?: "card" | "wide" | "left" | "right";
  /** Something was entered, so neither a click next to the dialog nor a first Escape closes it. */
  isChanged?: boolean;
  onClose(): void;
  children: ComponentChildren;
}

/** What opened each dialog. One that is opened from another takes its place, and what opened that one. */
const openers = new WeakMap<Element, Element | null>();

/** A modal dialog: the browser keeps the focus in it and closes it on Escape. */
export function Modal({ title, kind = "card", isChanged, onClose, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  /** Where the mouse button went down: selecting a text in the dialog may end next to it. */
  const pressed = useRef<EventTarget | null>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = ref.current!;
    const active = document.activeElement;
    const opener = openers.get(active?.closest("dialog") ?? dialog) ?? active;
    openers.set(dialog, opener);
    dialog.showModal();
    dialog.addEventListener("close", onClose);
    return () => {
      // The event of this close() comes later, and would close the dialog that is opened next.
      dialog.removeEventListener("close", onClose);
      dialog.close();
      returnFocus(opener);
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={`modal ${kind}`}
      aria-labelledby={id}
      onCancel={(event) => isChanged && event.preventDefault()}
      onMouseDown={({ target }) => pressed.current = target}
      onClick={({ target }) => {
        if (target === ref.current && pressed.current === target && !isChanged) onClose();
      }}
    >
      <div class="modal-inner">
        <header class="modal-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Gives the focus to the composer, or on a phone, whose keyboard would cover the text, to the messages. */
export function focusStory() {
  document.getElementById(narrow.value ? "messages" : "composer")?.focus();
}

/** Gives the focus to what opened a dialog, or to the story if that is gone: it may have been deleted. */
function returnFocus(opener: Element | null) {
  const focus = () => {
    if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) opener.focus();
    else if (!document.querySelector("dialog[open]")) focusStory();
  };
  focus();
  // What the dialog did may remove its opener just after it.
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) focus();
  });
}
