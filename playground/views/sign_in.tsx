/** Signing in, signing up, a forgotten password, and the demo account. */

import { useRef, useState } from "preact/hooks";
import type { Account, SignInResult } from "../data/account.ts";
import type { Project } from "../platform/project.ts";
import { Brand, Field, FormError, valuesOf } from "./controls.tsx";
import { loadMainView } from "./main_view_loader.ts";

interface SignInProps {
  project: Project;
  account: Account;
  /** Goes back to choosing a project. */
  onLeave(): void;
}

/** What the form is for. */
type Purpose = "in" | "up" | "recover";

const TITLES: Record<Purpose, string> = {
  in: "Sign in",
  up: "Create an account",
  recover: "Forgot your password?",
};
const BUTTONS: Record<Purpose, string> = { in: "Sign in", up: "Create account", recover: "Send a link" };

export function SignIn({ project: { url, demo, isEntered }, account, onLeave }: SignInProps) {
  const { form, purpose, error, sent, isBusy, enter, submit, choose, confirmAgain } = useSignIn(account);
  const enterDemo = demo && (() => enter(account.signIn(demo.email, demo.password), demo.email));
  return (
    <div class="sign-in">
      <Intro />
      <main class="entry">
        <h1>{TITLES[purpose]}</h1>
        {account.linkError.value && <FormError text={account.linkError.value} />}
        {sent
          ? <Sent purpose={purpose} address={sent} error={error} onAgain={() => confirmAgain(sent)} />
          : (
            <form class="form" ref={form} onSubmit={submit} noValidate>
              <Fields purpose={purpose} onForgot={() => choose("recover")} />
              <FormError text={error} />
              <button type="submit" class="button primary wide" aria-disabled={isBusy}>
                {isBusy ? "One moment…" : BUTTONS[purpose]}
              </button>
            </form>
          )}
        <OtherPurposes purpose={purpose} onChoose={choose} />
        {enterDemo && <Demo isBusy={isBusy} onEnter={enterDemo} />}
        {isEntered && (
          <p class="aside">
            Project {new URL(url).host} · <button type="button" class="link" onClick={onLeave}>use another one</button>
          </p>
        )}
      </main>
    </div>
  );
}

/** The state of the form. `sent` is the address that an email was sent to. */
function useSignIn(account: Account) {
  const [purpose, setPurpose] = useState<Purpose>("in");
  const [error, setError] = useState("");
  const [sent, setSent] = useState("");
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  async function attempt<T>(work: Promise<T>): Promise<T> {
    setBusy(true);
    setError("");
    const result = await work;
    setBusy(false);
    return result;
  }

  function fail(message: string, name = "email") {
    setError(message);
    form.current?.querySelector<HTMLInputElement>(`input[name=${name}]`)?.focus();
  }

  async function enter(work: Promise<SignInResult>, email: string) {
    loadMainView();
    const result = await attempt(work);
    if (result.status === "failed") {
      if (result.isUnconfirmed) {
        setPurpose("up");
        setSent(email);
        setError(result.message);
      } else fail(result.message);
    } else if (result.status === "confirm") setSent(email);
  }

  async function recover(email: string) {
    const failure = await attempt(account.recover(email));
    if (failure) fail(failure);
    else setSent(email);
  }

  async function confirmAgain(email: string) {
    setError(await attempt(account.confirmAgain(email)) ?? "");
  }

  function submit(event: SubmitEvent) {
    const { email: entered, password = "" } = valuesOf(event);
    const email = entered.trim();
    if (isBusy) return;
    if (!email) fail(purpose === "recover" ? "Enter your email address." : "Enter your email address and a password.");
    else if (purpose === "recover") recover(email);
    else if (!password) fail("Enter your email address and a password.", "password");
    else enter((purpose === "up" ? account.signUp : account.signIn)(email, password), email);
  }

  function choose(next: Purpose) {
    setPurpose(next);
    setError("");
    setSent("");
    // What was pressed may be gone; the fields are there after the next rendering.
    requestAnimationFrame(() => form.current?.querySelector("input")?.focus());
  }

  return { form, purpose, error, sent, isBusy, enter, submit, choose, confirmAgain };
}

function Intro() {
  return (
    <header class="intro">
      <Brand />
      <p class="intro-line">
        Start a story.<br />Close the page.<br />It goes on without you.
      </p>
      <p class="intro-note">Edit any message, regenerate any answer, and keep every version.</p>
      <svg class="intro-tree" viewBox="0 0 600 200" aria-hidden="true">
        <path d="M0 150h600M70 150c60 0 60-50 120-50h410M270 100c50 0 50-45 100-45h230M190 150c50 0 50 40 100 40h310" />
        <circle cx="70" cy="150" r="5" />
        <circle cx="270" cy="100" r="5" />
        <circle cx="190" cy="150" r="5" />
        <circle cx="450" cy="55" r="5" />
      </svg>
    </header>
  );
}

function Fields({ purpose, onForgot }: { purpose: Purpose; onForgot(): void }) {
  return (
    <>
      {purpose === "recover" && (
        <p class="lead">Enter the address of your account. A link to a new password goes there.</p>
      )}
      <Field key="email" label="Email" name="email" type="email" autoComplete="email" inputMode="email" autoFocus />
      {purpose !== "recover" && (
        <Field
          key={purpose}
          label="Password"
          name="password"
          type="password"
          autoComplete={purpose === "up" ? "new-password" : "current-password"}
          help={purpose === "up"
            ? "At least six characters; a project may want more."
            : <button type="button" class="link" onClick={onForgot}>Forgot your password?</button>}
        />
      )}
    </>
  );
}

function OtherPurposes({ purpose, onChoose }: { purpose: Purpose; onChoose(purpose: Purpose): void }) {
  const [question, next, label]: [string, Purpose, string] = purpose === "in"
    ? ["New here?", "up", "Create an account"]
    : [purpose === "up" ? "Have an account?" : "Remembered it?", "in", "Sign in"];
  return (
    <p class="aside">
      {question} <button type="button" class="link" onClick={() => onChoose(next)}>{label}</button>
    </p>
  );
}

interface SentProps {
  purpose: Purpose;
  address: string;
  error: string;
  onAgain(): void;
}

/** An email is on its way. For a forgotten password the words are the same whether there is such an account. */
function Sent({ purpose, address, error, onAgain }: SentProps) {
  if (purpose === "recover") {
    return (
      <p class="lead" role="status">
        If <strong>{address}</strong>{" "}
        has an account here, a link to choose a new password is on its way there. It may take some minutes, and end up
        among the spam. A second one can be sent after a minute.
      </p>
    );
  }
  return (
    <>
      <p class="lead" role="status">
        We have sent a link to <strong>{address}</strong>. Follow it, then come back and sign in.
      </p>
      <FormError text={error} />
      <p class="aside">
        Nothing has come? <button type="button" class="link" onClick={onAgain}>Send it again</button>
      </p>
    </>
  );
}

function Demo({ isBusy, onEnter }: { isBusy: boolean; onEnter(): void }) {
  return (
    <div class="demo">
      <p>Just looking? This server has a demo account.</p>
      <button type="button" class="button wide" aria-disabled={isBusy} onClick={onEnter}>Use the demo account</button>
    </div>
  );
}
