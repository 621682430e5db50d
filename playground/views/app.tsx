/** Chooses the screen: enter a project, sign in, or the main view. */

import { effect, type Signal, signal, useComputed } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Account, createAccount, type User } from "../data/account.ts";
import { createSupabase, mayHaveSession } from "../data/supabase.ts";
import { goTo } from "../platform/address.ts";
import { findProject, forgetProject, type Project } from "../platform/project.ts";
import { NewPassword } from "./new_password.tsx";
import { ProjectForm } from "./project_form.tsx";
import { SignIn } from "./sign_in.tsx";
import { loadMainView, mainViewModule } from "./main_view_loader.ts";

interface Connection {
  project: Project;
  supabase: SupabaseClient;
  account: Account;
}

/** Undefined until findProject() has answered; null: the user has to enter a project. */
const connection: Signal<Connection | null | undefined> = signal(undefined);

function connect(project: Project | null) {
  if (project === null) {
    connection.value = null;
    return;
  }
  const supabase = createSupabase(project.url, project.publishableKey);
  const account = createAccount(supabase);
  connection.value = { project, supabase, account };
  let known: User | null | undefined;
  effect(() => {
    const user = account.user.value;
    // A reload leaves nothing of this user in memory for the next one.
    if (known && user?.id !== known.id) {
      goTo(null, true);
      location.reload();
    }
    known = user;
    if (user) loadMainView();
  });
}

// Without waiting until the project and the session are known.
if (mayHaveSession()) loadMainView();
findProject().then(connect);

export function App() {
  const user = useComputed(() => connection.value?.account.user.value);
  if (connection.value === null) return <ProjectForm onReady={connect} />;
  if (connection.value === undefined || user.value === undefined) return <Opening />;
  const { project, account, supabase } = connection.value;
  if (user.value !== null && account.isRecovering.value) return <NewPassword account={account} user={user.value} />;
  if (user.value !== null) {
    const module = mainViewModule.value;
    if (module === undefined) return <Opening />;
    if (module === "failed") return <NotLoaded />;
    return <module.MainView supabase={supabase} account={account} user={user.value} />;
  }
  const leave = () => {
    forgetProject();
    connect(null);
  };
  return <SignIn project={project} account={account} onLeave={leave} />;
}

/** It shows nothing, because it is over in a moment; a screen reader hears what the page waits for. */
function Opening() {
  return (
    <main class="blank" aria-busy="true">
      <h1 class="visually-hidden">Storytellr is opening</h1>
    </main>
  );
}

/** The network was away, or the host has a newer page and no longer this one's files. */
function NotLoaded() {
  return (
    <main class="entry">
      <h1>The page could not be loaded</h1>
      <p class="lead" role="alert">A part of it did not come. Check the connection, then reload the page.</p>
      <button type="button" class="button primary wide" onClick={() => location.reload()}>Reload</button>
    </main>
  );
}
