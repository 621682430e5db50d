/** What the user has spent, and what of the budgets is left. */

import { useEffect, useState } from "preact/hooks";
import type { Budget, Spending } from "../../client/spending.ts";
import { budgetTitle, resetText, usesOf, windowText } from "../copy/spending.ts";
import { FormError, Modal } from "./controls.tsx";
import { useSession } from "./session_context.ts";

export function SpendingView({ onClose }: { onClose(): void }) {
  const session = useSession();
  const [spending, setSpending] = useState<Spending | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    session.spending().then(setSpending, (reason: Error) => setError(reason.message));
  }, []);
  return (
    <Modal title="Usage" onClose={onClose}>
      <FormError text={error} />
      {spending === null ? !error && <p class="hint" aria-busy="true">Adding up…</p> : (
        <div class="spending">
          <dl>
            <dt>Today</dt>
            <dd>{windowText(spending.today)}</dd>
            <dt>This month</dt>
            <dd>{windowText(spending.month)}</dd>
          </dl>
          {spending.budgets.length > 0 && <Budgets budgets={spending.budgets} />}
          <p class="hint">Days and months are those of UTC. Memories that a bot writes count, too.</p>
        </div>
      )}
    </Modal>
  );
}

function Budgets({ budgets }: { budgets: Budget[] }) {
  const bots = useSession().bots.value ?? [];
  return (
    <ul aria-label="Budgets">
      {budgets.map((budget, index) => {
        const title = budgetTitle(budget, bots);
        return (
          <li key={index}>
            <strong>{title}</strong>
            {usesOf(budget).map(({ text, part }) => (
              <span key={text}>
                <progress max={1} value={part} aria-label={`${title}: used`} /> {text}
              </span>
            ))}
            <span class="hint">
              {budget.is_shared && "What is left is not shown, because others share it. "}
              {resetText(budget.resets_at)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
