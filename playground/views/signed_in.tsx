/** Everything for a signed-in user. It comes as a file of its own: see signed_in_loader.ts. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { useMemo } from "preact/hooks";
import type { Account, User } from "../data/account.ts";
import { createSession } from "../story/session.ts";
import { MainView } from "./main_view.tsx";

interface SignedInProps {
  supabase: SupabaseClient;
  account: Account;
  user: User;
}

export function SignedIn({ supabase, account, user }: SignedInProps) {
  const session = useMemo(() => createSession(supabase, user), [user]);
  return <MainView session={session} account={account} />;
}
