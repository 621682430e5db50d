/** An error of a generation, and what the user can do. */

import { useEffect, useState } from "preact/hooks";
import type { ErrorNotice } from "../copy/errors.ts";
import { useSession } from "./session_context.ts";

interface ErrorViewProps {
  error: ErrorNotice;
  onSignOut(): void;
}

export function ErrorView({ error, onSignOut }: ErrorViewProps) {
  const { title, advice, detail, notBefore, isCalm } = error;
  return (
    <div class={notBefore || isCalm ? "error neutral" : "error"}>
      <div role={isCalm ? "status" : "alert"}>
        <h2>{title}</h2>
        <p>{advice}</p>
      </div>
      {detail && <p class="hint">{detail}</p>}
      <Actions error={error} onSignOut={onSignOut} />
    </div>
  );
}

function Actions({ error: { action, notBefore }, onSignOut }: ErrorViewProps) {
  const session = useSession();
  const { generation } = session.current;
  const seconds = useCountdown(notBefore ?? 0);
  const bot = session.bot();
  const canEditBot = bot === null || bot.user_id === session.user.id;
  const reload = () => {
    generation.dismiss();
    session.refresh();
  };
  return (
    <div class="actions">
      {action.endsWith("bot") && canEditBot && (
        <button
          type="button"
          class={action === "bot" ? "button primary" : "button"}
          onClick={() => session.dialog.value = { name: "bot", bot }}
        >
          {bot ? "Bot settings" : "Create a bot"}
        </button>
      )}
      {action === "sign-in" && <button type="button" class="button primary" onClick={onSignOut}>Sign in again</button>}
      {action === "reload" && <button type="button" class="button primary" onClick={reload}>Reload</button>}
      {(action.startsWith("retry") || action === "bot") && (
        <button type="button" class="button" disabled={seconds > 0} onClick={generation.retry}>
          {seconds > 0 ? `Retry in ${seconds} s` : "Retry"}
        </button>
      )}
    </div>
  );
}

/** Whole seconds until then; 0 from then on. */
function useCountdown(then: number): number {
  const left = () => Math.max(0, Math.ceil((then - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    if (left() === 0) return;
    const timer = setInterval(() => {
      setSeconds(left());
      if (left() === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [then]);
  return seconds;
}
