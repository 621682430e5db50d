/** What a story looks like before it has begun. */

import { useStudio } from "./context.ts";

const BEGINNINGS: [string, string][] = [
  ["A light that asks the sea", "Tell me a story about a lighthouse keeper and a letter from the sea."],
  ["The machine that counted apples", "Tell me a story about a robot in an orchard whose owner has gone."],
  ["Weather, mended while you wait", "Tell me a story about a shop where weather is mended."],
];

export function Empty() {
  const studio = useStudio();
  if (studio.bots.value === null) return null;
  if (studio.bots.value.length === 0) {
    return (
      <div class="empty">
        <h2>First, somebody to tell it</h2>
        <p>
          A bot is a model at a provider of your choice, with your instructions and your key. The key stays with the
          relay.
        </p>
        <button
          type="button"
          class="button primary"
          onClick={() => studio.ask({ name: "bot", bot: null })}
        >
          Make a bot
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>How does it begin?</h2>
      <p>Write the first line below, or take one of these.</p>
      <ul class="beginnings">
        {BEGINNINGS.map(([title, prompt]) => (
          <li key={title}>
            <button
              type="button"
              onClick={() => studio.say(prompt)}
            >
              <strong>{title}</strong>
              <span>{prompt}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
