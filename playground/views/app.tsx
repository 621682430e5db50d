/** Decides which of its faces the page shows: which project, who are you, or the stories. */

import { effect, type Signal, signal, useComputed } from "@preact/signals";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { useMemo } from "preact/hooks";
import { goTo } from "../platform/address.ts";
import { findProject, forgetProject, type Project } from "../platform/project.ts";
import { type Account, createAccount, type User } from "../studio/account.ts";
import { createStudio } from "../studio/studio.ts";
import { Setup } from "./setup.tsx";
import { StudioView } from "./studio_view.tsx";
import { Welcome } from "./welcome.tsx";

interface Connection {
  project: Project;
  supabase: SupabaseClient;
  account: Account;
}

/** Undefined while it is being found out; null: a person has to say it. */
const connection: Signal<Connection | null | undefined> = signal(undefined);

function connect(project: Project | null) {
  if (project === null) {
    connection.value = null;
    return;
  }
  const supabase = createClient(project.url, project.publishableKey);
  const account = createAccount(supabase);
  connection.value = { project, supabase, account };
  let known: User | null | undefined;
  effect(() => {
    const user = account.user.value;
    // Nothing of one user stays in memory for the next.
    if (known && user?.id !== known.id) {
      goTo(null, true);
      location.reload();
    }
    known = user;
  });
}

findProject().then(connect);

export function App() {
  const user = useComputed(() => connection.value?.account.user.value);
  if (connection.value === null) return <Setup onReady={connect} />;
  if (connection.value === undefined || user.value === undefined) {
    return <main class="blank" aria-busy="true" />;
  }
  const { project, account, supabase } = connection.value;
  if (user.value === null) {
    return (
      <Welcome
        project={project}
        account={account}
        onLeave={() => {
          forgetProject();
          connect(null);
        }}
      />
    );
  }
  return <SignedIn supabase={supabase} account={account} user={user.value} />;
}

function SignedIn(
  { supabase, account, user }: {
    supabase: SupabaseClient;
    account: Account;
    user: User;
  },
) {
  const studio = useMemo(() => createStudio(supabase, user), [user]);
  return <StudioView studio={studio} account={account} />;
}
