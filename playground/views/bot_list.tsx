/** The bots that the user may use. */

import { useStudio } from "./context.ts";
import { Modal } from "./modal.tsx";
import { Icon } from "./parts.tsx";

export function BotList({ onClose }: { onClose(): void }) {
  const studio = useStudio();
  const bots = studio.bots.value ?? [];
  return (
    <Modal title="Bots" onClose={onClose}>
      <p class="hint">
        Who tells your stories: a model at a provider, with your instructions.
      </p>
      <ul class="bots">
        {bots.map((bot) => (
          <li key={bot.id}>
            <div>
              <strong>{bot.name || "Unnamed bot"}</strong>
              <span>{bot.model || "no model"} · {hostOf(bot.access_path)}</span>
            </div>
            {bot.user_id === studio.user.id
              ? (
                <button
                  type="button"
                  class="button small"
                  aria-label={`Edit ${bot.name}`}
                  onClick={() => studio.ask({ name: "bot", bot })}
                >
                  Edit
                </button>
              )
              : <span class="badge">shared with you</span>}
          </li>
        ))}
      </ul>
      {bots.length === 0 && <p>You have no bots yet.</p>}
      <button
        type="button"
        class="button primary"
        onClick={() => studio.ask({ name: "bot", bot: null })}
      >
        <Icon name="plus" /> New bot
      </button>
    </Modal>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
