/** Who is signed in. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { forgetAll } from "../story/running.ts";
import { accountFailure } from "../words/failures.ts";

/** The user of this browser. */
export interface User {
  id: string;
  email: string;
}

/** What came of an attempt to sign in or up. */
export type Entry = { outcome: "in" } | { outcome: "confirm" } | {
  outcome: "failed";
  reason: string;
};

/** The way in and out. */
export interface Account {
  /** Undefined until the browser's memory has been asked; null: nobody. */
  user: ReadonlySignal<User | null | undefined>;
  signIn(email: string, password: string): Promise<Entry>;
  signUp(email: string, password: string): Promise<Entry>;
  /** On this device alone. */
  signOut(): Promise<void>;
}

/** Follows the session, whichever tab changes it. */
export function createAccount({ auth }: SupabaseClient): Account {
  const user = signal<User | null | undefined>(undefined);
  auth.onAuthStateChange((_event, session) => {
    const next = session &&
      { id: session.user.id, email: session.user.email ?? "" };
    // A renewed token is no new user.
    if (next?.id !== user.peek()?.id || user.peek() === undefined) {
      user.value = next;
    }
  });
  return {
    user,
    async signIn(email, password) {
      const { error } = await auth.signInWithPassword({ email, password });
      return error ? { outcome: "failed", reason: accountFailure(error) } : { outcome: "in" };
    },
    async signUp(email, password) {
      const { data, error } = await auth.signUp({ email, password });
      if (error) return { outcome: "failed", reason: accountFailure(error) };
      return { outcome: data.session ? "in" : "confirm" };
    },
    async signOut() {
      forgetAll();
      await auth.signOut({ scope: "local" });
    },
  };
}
