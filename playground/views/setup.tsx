/** Asks once which Supabase project the stories live in. */

import { useState } from "preact/hooks";
import { keepProject, type Project } from "../platform/project.ts";
import { Brand, Field, valuesOf } from "./parts.tsx";

export function Setup({ onReady }: { onReady(project: Project): void }) {
  const [reason, setReason] = useState("");
  function submit(event: SubmitEvent) {
    const { url, key } = valuesOf(event);
    try {
      onReady(keepProject(url, key));
    } catch (error) {
      setReason((error as Error).message);
    }
  }
  return (
    <main class="door">
      <Brand />
      <h1>Where do your stories live?</h1>
      <p class="lead">
        This page works with any Supabase project that runs the relay. Both values are in its dashboard, under Project
        Settings, API Keys.
      </p>
      <form class="form" onSubmit={submit} noValidate>
        <Field
          label="Project URL"
          name="url"
          type="url"
          placeholder="https://your-project.supabase.co"
          autoFocus
        />
        <Field
          label="Publishable key"
          name="key"
          placeholder="sb_publishable_…"
          help="It is public by design. Never enter a secret key here."
        />
        {reason && <p class="reason" role="alert">{reason}</p>}
        <button type="submit" class="button primary wide">Continue</button>
      </form>
    </main>
  );
}
