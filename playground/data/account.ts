/** Who is signed in, and the account's password. */

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { AuthError, SupabaseClient } from "@supabase/supabase-js";
import { accountError, linkError, wouldTellOfAccount } from "../copy/account.ts";
import { pageAddress, takeLink } from "../platform/email_link.ts";
import { close } from "../platform/storage.ts";
import { removeDraftsOf } from "./drafts.ts";
import { removeAllRunning } from "./running_generations.ts";

/** The user of this browser. */
export interface User {
  id: string;
  email: string;
}

/** `confirm`: the address has to be confirmed first, with a link in an email. */
export type SignInResult = { status: "signed_in" } | { status: "confirm" } | {
  status: "failed";
  message: string;
  isUnconfirmed?: boolean;
};

/** `code`: Auth first needs the code that it has just sent by email. */
export type PasswordResult = { status: "changed" } | { status: "code"; message: string } | {
  status: "failed";
  message: string;
};

/** Signs in and out. A method that gives a text says what went wrong; null: nothing. */
export interface Account {
  /** Undefined until the browser's storage has been read; null: not signed in. */
  user: ReadonlySignal<User | null | undefined>;
  /** The user followed the link of an email to choose a new password. */
  isRecovering: ReadonlySignal<boolean>;
  /** Why the link of an email did not work. */
  linkError: ReadonlySignal<string>;
  signIn(email: string, password: string): Promise<SignInResult>;
  signUp(email: string, password: string): Promise<SignInResult>;
  /** Sends the email again that confirms an address. */
  confirmAgain(email: string): Promise<string | null>;
  /** Sends an email with a link to choose a new password, if there is such an account; it does not say whether. */
  recover(email: string): Promise<string | null>;
  setPassword(password: string, code?: string): Promise<PasswordResult>;
  /** The user who followed a link is done. */
  endRecovery(): void;
  /** On this device, or everywhere. `again`: on this device, and what was not sent waits for the same user. */
  signOut(how: "here" | "everywhere" | "again"): Promise<string | null>;
}

/** Follows the session, also when another tab changes it. */
export function createAccount({ auth }: SupabaseClient): Account {
  const user = signal<User | null | undefined>(undefined);
  const isRecovering = signal(false);
  const failedLink = signal("");
  let isForgotten = false;
  const textOf = ({ error }: { error: AuthError | null }) => error && accountError(error);

  /** Takes the session of an email's link. It replaces the session of a user who was signed in here. */
  async function followLink() {
    const link = takeLink();
    if (link === null) return;
    const { access_token, refresh_token } = link;
    if (!access_token || !refresh_token) {
      failedLink.value = linkError(link.error_code ?? null, link.error_description ?? null);
      return;
    }
    const { error } = await auth.setSession({ access_token, refresh_token });
    batch(() => {
      isRecovering.value = link.type === "recovery" && error === null;
      if (error) failedLink.value = linkError(error.code ?? "", error.message);
    });
  }

  followLink().finally(() =>
    auth.onAuthStateChange((_event, session) => {
      const next = session && { id: session.user.id, email: session.user.email ?? "" };
      const known = user.peek();
      if (known && !next && isForgotten) forget(known.id);
      // A refreshed token is not a new user.
      if (next?.id !== known?.id || known === undefined) user.value = next;
    })
  );

  return {
    user,
    isRecovering,
    linkError: failedLink,
    async signIn(email, password) {
      const { error } = await auth.signInWithPassword({ email, password });
      if (!error) return { status: "signed_in" };
      return { status: "failed", message: accountError(error), isUnconfirmed: error.code === "email_not_confirmed" };
    },
    async signUp(email, password) {
      const options = { emailRedirectTo: pageAddress() };
      const { data, error } = await auth.signUp({ email, password, options });
      if (error) return { status: "failed", message: accountError(error) };
      return { status: data.session ? "signed_in" : "confirm" };
    },
    async confirmAgain(email) {
      return textOf(await auth.resend({ type: "signup", email, options: { emailRedirectTo: pageAddress() } }));
    },
    async recover(email) {
      const { error } = await auth.resetPasswordForEmail(email, { redirectTo: pageAddress() });
      return error && !wouldTellOfAccount(error) ? accountError(error) : null;
    },
    async setPassword(password, code) {
      const { error } = await auth.updateUser({ password, ...(code ? { nonce: code } : {}) });
      if (!error) return { status: "changed" };
      const message = accountError(error);
      if (error.code !== "reauthentication_needed") return { status: "failed", message };
      const failure = textOf(await auth.reauthenticate());
      return failure ? { status: "failed", message: failure } : { status: "code", message };
    },
    endRecovery: () => isRecovering.value = false,
    async signOut(how) {
      isForgotten = how !== "again";
      const failure = textOf(await auth.signOut({ scope: how === "everywhere" ? "global" : "local" }));
      isForgotten = false;
      // On this device it works without a network, too.
      return how === "everywhere" ? failure : null;
    },
  };
}

/** Nothing of the user's stays in the browser, not even of a story that is being stored at this moment. */
function forget(userId: string) {
  close();
  removeAllRunning();
  removeDraftsOf(userId);
}
