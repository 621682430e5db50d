/** Who is signed in. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { accountError } from "../copy/errors.ts";
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
};

/** Signs in and out. */
export interface Account {
  /** Undefined until the browser's storage has been read; null: not signed in. */
  user: ReadonlySignal<User | null | undefined>;
  signIn(email: string, password: string): Promise<SignInResult>;
  signUp(email: string, password: string): Promise<SignInResult>;
  /** On this device only. */
  signOut(): Promise<void>;
}

/** Follows the session, also when another tab changes it. */
export function createAccount({ auth }: SupabaseClient): Account {
  const user = signal<User | null | undefined>(undefined);
  auth.onAuthStateChange((_event, session) => {
    const next = session &&
      { id: session.user.id, email: session.user.email ?? "" };
    // A refreshed token is not a new user.
    if (next?.id !== user.peek()?.id || user.peek() === undefined) user.value = next;
  });
  return {
    user,
    async signIn(email, password) {
      const { error } = await auth.signInWithPassword({ email, password });
      return error ? { status: "failed", message: accountError(error) } : { status: "signed_in" };
    },
    async signUp(email, password) {
      const { data, error } = await auth.signUp({ email, password });
      if (error) return { status: "failed", message: accountError(error) };
      return { status: data.session ? "signed_in" : "confirm" };
    },
    async signOut() {
      removeAllRunning();
      removeDraftsOf(user.peek()?.id);
      await auth.signOut({ scope: "local" });
    },
  };
}
