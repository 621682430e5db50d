/** Chooses a new password, with the code of an email where the project wants one. */

import { useState } from "preact/hooks";
import type { Account } from "../data/account.ts";
import { Field, FormError, useFocusOn, valuesOf } from "./controls.tsx";

interface PasswordFormProps {
  account: Account;
  /** So that a browser stores the password with its account. */
  email: string;
  autoFocus?: boolean;
  onChanged(): void;
}

export function PasswordForm({ account, email, autoFocus, onChanged }: PasswordFormProps) {
  const [error, setError] = useState("");
  const [codeNote, setCodeNote] = useState("");
  const [isBusy, setBusy] = useState(false);
  const form = useFocusOn<HTMLFormElement>("input[name=code]", codeNote);

  async function submit(event: SubmitEvent) {
    const { password, code } = valuesOf(event);
    if (isBusy) return;
    setError("");
    if (!password) return setError("Enter a new password.");
    setBusy(true);
    const result = await account.setPassword(password, code?.trim());
    setBusy(false);
    if (result.status === "changed") onChanged();
    else if (result.status === "code") setCodeNote(result.message);
    else setError(result.message);
  }

  return (
    <form class="form" ref={form} onSubmit={submit} noValidate>
      <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
      <Field
        label="New password"
        name="password"
        type="password"
        autoComplete="new-password"
        help="At least six characters; a project may want more."
        autoFocus={autoFocus}
      />
      {codeNote && (
        <>
          <p role="status">{codeNote}</p>
          <Field label="Code from the email" name="code" autoComplete="one-time-code" inputMode="numeric" />
        </>
      )}
      <FormError text={error} />
      <button type="submit" class="button primary wide" aria-disabled={isBusy}>
        {isBusy ? "One moment…" : "Change password"}
      </button>
    </form>
  );
}
