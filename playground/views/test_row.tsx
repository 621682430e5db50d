/** Tests a bot: whether its address answers, its key is taken and its model is there, and how much that reads. */

import { useState } from "preact/hooks";
import { findingsOf, type TestOutcome } from "../copy/findings.ts";

interface TestRowProps {
  /** Not stored yet. */
  isNew: boolean;
  /** Whether the form has what is not stored. */
  isChanged: boolean;
  /** Null: it could not be stored. */
  onTest(): Promise<TestOutcome | null>;
  windowNow(): string;
  onWindow(tokens: number): void;
}

const MARKS = { true: ["✓", "Good: "], false: ["✗", "Failed: "], null: ["–", ""] };

export function TestRow({ isNew, isChanged, onTest, windowNow, onWindow }: TestRowProps) {
  const [isTesting, setTesting] = useState(false);
  const [outcome, setOutcome] = useState<TestOutcome | null>(null);
  async function test() {
    if (isTesting) return;
    setTesting(true);
    setOutcome(null);
    setOutcome(await onTest());
    setTesting(false);
  }
  const tokens = outcome?.ok ? outcome.context_tokens : null;
  const isOtherWindow = tokens !== null && windowNow().replaceAll(/\D/g, "") !== String(tokens);
  return (
    <div class="bot-test" role="group" aria-label="Test">
      <div class="actions">
        <button type="button" class="button small" aria-disabled={isTesting} onClick={test}>
          {isNew ? "Create and test" : isChanged ? "Save and test" : "Test"}
        </button>
        <span class="help">Asks the provider for one word.</span>
      </div>
      <div role="status">
        {isTesting && <p class="hint">Testing…</p>}
        {outcome && (
          <ul>
            {findingsOf(outcome).map(({ text, isGood }) => {
              const [mark, word] = MARKS[`${isGood}`];
              return (
                <li key={text} class={isGood === false ? "bad" : undefined}>
                  <span aria-hidden="true">{mark}</span> <span class="visually-hidden">{word}</span>
                  {text}
                </li>
              );
            })}
          </ul>
        )}
        {outcome && !outcome.ok && <p class="hint detail">{outcome.error.message}</p>}
      </div>
      {isOtherWindow && (
        <button type="button" class="button small" onClick={() => onWindow(tokens)}>Use this context window</button>
      )}
    </div>
  );
}
