/** The windows that can lie over the page: bots, one bot, a new name, a farewell. */

import { useState } from "preact/hooks";
import type { Story } from "../data/rows.ts";
import { BotForm } from "./bot_form.tsx";
import { BotList } from "./bot_list.tsx";
import { useStudio } from "./context.ts";
import { Modal } from "./modal.tsx";
import { Field, valuesOf } from "./parts.tsx";

export function Dialogs() {
  const studio = useStudio();
  const dialog = studio.dialog.value;
  const close = () => studio.ask(null);
  switch (dialog?.name) {
    case "bots":
      return <BotList onClose={close} />;
    case "bot":
      return <BotForm bot={dialog.bot} onClose={close} />;
    case "rename":
      return <Rename story={dialog.story} onClose={close} />;
    case "delete":
      return <Delete story={dialog.story} onClose={close} />;
    default:
      return null;
  }
}

interface AboutStory {
  story: Story;
  onClose(): void;
}

function Rename({ story, onClose }: AboutStory) {
  const studio = useStudio();
  const [reason, setReason] = useState("");
  return (
    <Modal title="Rename this story" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          const title = valuesOf(event).title.trim();
          studio.rename(story.id, title).then(onClose, (error) => setReason(error.message));
        }}
      >
        <Field
          label="Title"
          name="title"
          defaultValue={story.title}
          maxLength={120}
          autoFocus
        />
        {reason && <p class="reason" role="alert">{reason}</p>}
        <div class="actions end">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button primary">Rename</button>
        </div>
      </form>
    </Modal>
  );
}

function Delete({ story, onClose }: AboutStory) {
  const studio = useStudio();
  const [reason, setReason] = useState("");
  return (
    <Modal title="Delete this story?" onClose={onClose}>
      <p>
        “{story.title || "Untitled story"}” goes with all its branches and versions. This cannot be taken back.
      </p>
      {reason && <p class="reason" role="alert">{reason}</p>}
      <div class="actions end">
        <button type="button" class="button" onClick={onClose}>Keep it</button>
        <button
          type="button"
          class="button danger"
          onClick={() => studio.removeStory(story.id).then(onClose, (error) => setReason(error.message))}
        >
          Delete
        </button>
      </div>
    </Modal>
  );
}
