/** A new conversation before its first message. */

import { useSession } from "./session_context.ts";

const SUGGESTIONS: [title: string, prompt: string][] = [
  ["A light that asks the sea", "Tell me a story about a lighthouse keeper and a letter from the sea."],
  ["The machine that counted apples", "Tell me a story about a robot in an orchard whose owner has gone."],
  ["Weather, mended while you wait", "Tell me a story about a shop where weather is mended."],
];

export function Empty() {
  const session = useSession();
  if (session.bots.value === null) return null;
  if (session.bot() === null) {
    return (
      <div class="empty">
        <h2>First, create a bot{session.bots.value.length > 0 && ", or choose a shared one above"}</h2>
        <p>
          A bot is a model at a provider of your choice, with your instructions and your key. The key stays with the
          relay.
        </p>
        <button type="button" class="button primary" onClick={() => session.dialog.value = { name: "bot", bot: null }}>
          Create a bot
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>How does it begin?</h2>
      <p>Write the first line below, or choose one of these.</p>
      <ul class="suggestions">
        {SUGGESTIONS.map(([title, prompt]) => (
          <li key={title}>
            <button type="button" onClick={() => session.send(prompt)}>
              <strong>{title}</strong>
              <span>{prompt}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
