/** Imports a story that was exported as JSON. */

import { useId, useState } from "preact/hooks";
import { MAX_FILE_BYTES } from "../story/archive.ts";
import { FormEnd, Modal } from "./controls.tsx";
import { useSession } from "./session_context.ts";

export function ImportStory({ onClose }: { onClose(): void }) {
  const session = useSession();
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const file = document.querySelector<HTMLInputElement>(`#${CSS.escape(id)}`)?.files?.[0];
    setError("");
    if (!file) return setError("Choose a file.");
    if (file.size > MAX_FILE_BYTES) return setError("This file is larger than 40 MB, the limit for a story.");
    setBusy(true);
    try {
      await session.importStory(await file.text());
      onClose();
    } catch (reason) {
      setError((reason as Error).message);
      setBusy(false);
    }
  }

  return (
    <Modal title="Import a story" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <div class="field">
          <label for={id}>A story that was exported as JSON</label>
          <input id={id} type="file" accept="application/json,.json" aria-describedby={`${id}-help`} />
          <p class="help" id={`${id}-help`}>
            It becomes a new story, with all its branches and versions. Bots are found by their id or their name.
          </p>
        </div>
        <FormEnd error={error} label={isBusy ? "Importing…" : "Import"} isBusy={isBusy} onClose={onClose} />
      </form>
    </Modal>
  );
}
