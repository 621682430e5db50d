/** A failure in words, and what to do about it. */

import { useEffect, useState } from "preact/hooks";
import type { Failure } from "../words/failures.ts";
import { useStudio } from "./context.ts";

interface FailureViewProps {
  failure: Failure;
  onSignOut(): void;
}

export function FailureView({ failure, onSignOut }: FailureViewProps) {
  const studio = useStudio();
  const { pen } = studio.desk;
  const { title, advice, remedy, detail } = failure;
  const seconds = useCountdown(failure.notBefore ?? 0);
  const bot = studio.bot();
  const isMine = bot === null || bot.user_id === studio.user.id;
  return (
    <div class={failure.notBefore ? "failure calm" : "failure"}>
      <div role="alert">
        <h2>{title}</h2>
        <p>{advice}</p>
      </div>
      {detail && <p class="detail">{detail}</p>}
      <div class="actions">
        {remedy.endsWith("bot") && isMine && (
          <button
            type="button"
            class={remedy === "bot" ? "button primary" : "button"}
            onClick={() => studio.ask({ name: "bot", bot })}
          >
            {bot ? "Bot settings" : "Make a bot"}
          </button>
        )}
        {remedy === "sign-in" && (
          <button type="button" class="button primary" onClick={onSignOut}>
            Sign in again
          </button>
        )}
        {remedy === "reload" && (
          <button
            type="button"
            class="button primary"
            onClick={() => {
              pen.dismiss();
              studio.refresh();
            }}
          >
            Look again
          </button>
        )}
        {(remedy.startsWith("retry") || remedy === "bot") && (
          <button
            type="button"
            class="button"
            disabled={seconds > 0}
            onClick={pen.retry}
          >
            {seconds > 0 ? `Try again in ${seconds} s` : "Try again"}
          </button>
        )}
      </div>
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
