/** Copies a text, and says so. */

import { useEffect, useState } from "preact/hooks";
import { copy } from "../platform/clipboard.ts";
import { Icon } from "./controls.tsx";

/** How long the button says what has happened. */
const SHOWN_MS = 2_000;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [result, setResult] = useState("");
  useEffect(() => {
    if (result === "") return;
    const timer = setTimeout(() => setResult(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);
  return (
    <button
      type="button"
      class="tool"
      onClick={async () => setResult(await copy(text) ? "Copied" : "Cannot copy: the browser refuses it")}
    >
      <Icon name="copy" /> <span aria-live="polite">{result || label}</span>
    </button>
  );
}
