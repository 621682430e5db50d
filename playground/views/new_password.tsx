/** What the link of an email opens for a user who has forgotten the password. */

import { useState } from "preact/hooks";
import type { Account, User } from "../data/account.ts";
import { Brand, useFocusOn } from "./controls.tsx";
import { PasswordForm } from "./password_form.tsx";

export function NewPassword({ account, user: { email } }: { account: Account; user: User }) {
  const [isChanged, setChanged] = useState(false);
  const main = useFocusOn<HTMLElement>("button.primary", isChanged);
  return (
    <main class="entry" ref={main}>
      <Brand />
      <h1>{isChanged ? "Your password is changed" : "Choose a new password"}</h1>
      {isChanged
        ? (
          <>
            <p class="lead" role="status">You are signed in as {email}. Your other devices have to sign in again.</p>
            <button type="button" class="button primary wide" onClick={account.endRecovery}>Go to your stories</button>
          </>
        )
        : (
          <>
            <p class="lead">For the account {email}.</p>
            <PasswordForm account={account} email={email} onChanged={() => setChanged(true)} autoFocus />
            <p class="aside">
              <button type="button" class="link" onClick={account.endRecovery}>Keep the old one</button>
            </p>
          </>
        )}
    </main>
  );
}
