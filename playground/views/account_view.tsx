/** The account: its password, and signing out. */

import { useState } from "preact/hooks";
import type { Account } from "../data/account.ts";
import { FormError, Modal } from "./controls.tsx";
import { PasswordForm } from "./password_form.tsx";
import { useSession } from "./session_context.ts";

export function AccountView({ account, onClose }: { account: Account; onClose(): void }) {
  const { user: { email } } = useSession();
  const [isChanged, setChanged] = useState(false);
  const [error, setError] = useState("");
  async function signOut(how: "here" | "everywhere") {
    setError("");
    setError(await account.signOut(how) ?? "");
  }
  return (
    <Modal title="Account" onClose={onClose}>
      <p>
        Signed in as <strong>{email}</strong>.
      </p>
      <section class="account-part">
        <h3>Password</h3>
        {isChanged
          ? <p role="status">Your password is changed. Your other devices have to sign in again.</p>
          : <PasswordForm account={account} email={email} onChanged={() => setChanged(true)} />}
      </section>
      <section class="account-part">
        <h3>Sign out</h3>
        <div class="actions">
          <button type="button" class="button" onClick={() => signOut("here")}>On this device</button>
          <button type="button" class="button" onClick={() => signOut("everywhere")}>On all devices</button>
        </div>
        <p class="hint">Another device may go on for up to an hour, until its session has to be renewed.</p>
        <FormError text={error} />
      </section>
    </Modal>
  );
}
