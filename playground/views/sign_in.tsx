/** Signing in, signing up, and the demo account. */

import { useRef, useState } from "preact/hooks";
import type { Account, SignInResult } from "../data/account.ts";
import type { Project } from "../platform/project.ts";
import { Brand, Field, FormError, valuesOf } from "./controls.tsx";

interface SignInProps {
  project: Project;
  account: Account;
  /** Goes back to choosing a project. */
  onLeave(): void;
}

export function SignIn({ project: { url, demo, isEntered }, account, onLeave }: SignInProps) {
  const { form, isNew, error, sentTo, isBusy, enter, submit, switchForm } = useSignIn(account);
  const enterDemo = demo && (() => enter(account.signIn(demo.email, demo.password), demo.email));
  return (
    <div class="sign-in">
      <Intro />
      <main class="entry">
        <h1>{isNew ? "Create an account" : "Sign in"}</h1>
        {sentTo ? <ConfirmEmail address={sentTo} /> : (
          <form class="form" ref={form} onSubmit={submit} noValidate>
            <Fields isNew={isNew} />
            <FormError text={error} />
            <button type="submit" class="button primary wide" disabled={isBusy}>
              {isBusy ? "One moment…" : isNew ? "Create account" : "Sign in"}
            </button>
          </form>
        )}
        <p class="aside">
          {isNew ? "Have an account?" : "New here?"}{" "}
          <button type="button" class="link" onClick={switchForm}>{isNew ? "Sign in" : "Create an account"}</button>
        </p>
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

/** The state of the form. `sentTo` is the address to confirm, once an email was sent there. */
function useSignIn(account: Account) {
  const [isNew, setNew] = useState(false);
  const [error, setError] = useState("");
  const [sentTo, setSentTo] = useState("");
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  async function enter(attempt: Promise<SignInResult>, email: string) {
    setBusy(true);
    setError("");
    const result = await attempt;
    setBusy(false);
    if (result.status === "failed") {
      setError(result.message);
      form.current?.querySelector("input")?.focus();
    } else if (result.status === "confirm") setSentTo(email);
  }

  function submit(event: SubmitEvent) {
    const values = valuesOf(event);
    const email = values.email.trim();
    if (!email || !values.password) setError("Enter your email address and a password.");
    else enter((isNew ? account.signUp : account.signIn)(email, values.password), email);
  }

  function switchForm() {
    setNew(!isNew);
    setError("");
    setSentTo("");
  }

  return { form, isNew, error, sentTo, isBusy, enter, submit, switchForm };
}

function Intro() {
  return (
    <div class="intro">
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
    </div>
  );
}

function Fields({ isNew }: { isNew: boolean }) {
  return (
    <>
      <Field label="Email" name="email" type="email" autoComplete="email" inputMode="email" autoFocus />
      <Field
        key={String(isNew)}
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? "new-password" : "current-password"}
        help={isNew ? "At least six characters." : undefined}
      />
    </>
  );
}

function ConfirmEmail({ address }: { address: string }) {
  return (
    <p class="lead" role="status">
      We have sent a link to <strong>{address}</strong>. Follow it, then come back and sign in.
    </p>
  );
}

function Demo({ isBusy, onEnter }: { isBusy: boolean; onEnter(): void }) {
  return (
    <div class="demo">
      <p>Just looking? This server has a demo account.</p>
      <button type="button" class="button wide" disabled={isBusy} onClick={onEnter}>Use the demo account</button>
    </div>
  );
}
