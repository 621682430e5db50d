/** Asks once which Supabase project to use. */

import { useState } from "preact/hooks";
import { type Project, saveProject } from "../platform/project.ts";
import { Brand, Field, FormError, valuesOf } from "./controls.tsx";

export function ProjectForm({ onReady }: { onReady(project: Project): void }) {
  const [error, setError] = useState("");
  function submit(event: SubmitEvent) {
    const { url, key } = valuesOf(event);
    try {
      onReady(saveProject(url, key));
    } catch (reason) {
      setError((reason as Error).message);
    }
  }
  return (
    <main class="entry">
      <Brand />
      <h1>Connect to a project</h1>
      <p class="lead">
        This page works with any Supabase project that runs the relay. Both values are in its dashboard, under Project
        Settings, API Keys.
      </p>
      <form class="form" onSubmit={submit} noValidate>
        <Field label="Project URL" name="url" type="url" placeholder="https://your-project.supabase.co" autoFocus />
        <Field
          label="Publishable key"
          name="key"
          placeholder="sb_publishable_…"
          help="This key is public. Never enter a secret key here."
        />
        <FormError text={error} />
        <button type="submit" class="button primary wide">Continue</button>
      </form>
    </main>
  );
}
