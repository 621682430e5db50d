/** Lets people in: sign in, sign up, or the demo account in one click. */

import { useRef, useState } from "preact/hooks";
import type { Project } from "../platform/project.ts";
import type { Account, Entry } from "../studio/account.ts";
import { Brand, Field, valuesOf } from "./parts.tsx";

interface WelcomeProps {
  project: Project;
  account: Account;
  /** Goes back to choosing a project. */
  onLeave(): void;
}

export function Welcome({ project, account, onLeave }: WelcomeProps) {
  const [isNew, setNew] = useState(false);
  const [reason, setReason] = useState("");
  const [address, setAddress] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  async function enter(attempt: Promise<Entry>, email: string) {
    setBusy(true);
    setReason("");
    const entry = await attempt;
    setBusy(false);
    if (entry.outcome === "failed") {
      setReason(entry.reason);
      form.current?.querySelector("input")?.focus();
    } else if (entry.outcome === "confirm") setAddress(email);
  }

  function submit(event: SubmitEvent) {
    const { email, password } = valuesOf(event);
    if (!email.trim() || !password) {
      setReason("Enter your email address and a password.");
      return;
    }
    const attempt = isNew ? account.signUp : account.signIn;
    enter(attempt(email.trim(), password), email.trim());
  }

  const { demo } = project;
  return (
    <div class="welcome">
      <div class="pitch">
        <Brand />
        <p class="pitch-line">
          Begin a story.<br />Close the page.<br />It goes on without you.
        </p>
        <p class="pitch-note">
          Take any turn back, tell any part again, and keep every version.
        </p>
        <svg class="pitch-tree" viewBox="0 0 600 200" aria-hidden="true">
          <path d="M0 150h600M70 150c60 0 60-50 120-50h410M270 100c50 0 50-45 100-45h230M190 150c50 0 50 40 100 40h310" />
          <circle cx="70" cy="150" r="5" />
          <circle cx="270" cy="100" r="5" />
          <circle cx="190" cy="150" r="5" />
          <circle cx="450" cy="55" r="5" />
        </svg>
      </div>
      <main class="door">
        <h1>{isNew ? "Create an account" : "Sign in"}</h1>
        {address
          ? (
            <p class="lead" role="status">
              We have sent a link to <strong>{address}</strong>. Follow it, then come back and sign in.
            </p>
          )
          : (
            <form class="form" ref={form} onSubmit={submit} noValidate>
              <Field
                label="Email"
                name="email"
                type="email"
                autoComplete="email"
                inputMode="email"
                autoFocus
              />
              <Field
                key={String(isNew)}
                label="Password"
                name="password"
                type="password"
                autoComplete={isNew ? "new-password" : "current-password"}
                help={isNew ? "At least six characters." : undefined}
              />
              {reason && <p class="reason" role="alert">{reason}</p>}
              <button type="submit" class="button primary wide" disabled={busy}>
                {busy ? "One moment…" : isNew ? "Create account" : "Sign in"}
              </button>
            </form>
          )}
        <p class="aside">
          {isNew ? "Have an account?" : "New here?"}{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              setNew(!isNew);
              setReason("");
              setAddress("");
            }}
          >
            {isNew ? "Sign in" : "Create an account"}
          </button>
        </p>
        {demo && (
          <div class="demo">
            <p>Just looking? This server comes with an account to try.</p>
            <button
              type="button"
              class="button wide"
              disabled={busy}
              onClick={() => enter(account.signIn(demo.email, demo.password), demo.email)}
            >
              Use the demo account
            </button>
          </div>
        )}
        {project.chosen && (
          <p class="aside">
            Project {new URL(project.url).host} ·{" "}
            <button type="button" class="link" onClick={onLeave}>
              use another
            </button>
          </p>
        )}
      </main>
    </div>
  );
}
