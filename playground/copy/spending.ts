/** Texts for what a user has spent, and what of budgets is left. */

import type { Budget, Left, Spent, Window } from "../../client/spending.ts";
import { counted } from "./context.ts";

/** An amount of the operator's currency, which the page does not know: with as many places as one answer needs. */
function amount(cost: number): string {
  if (cost > 0 && cost < 0.01) return cost.toLocaleString("en", { maximumSignificantDigits: 2 });
  return cost.toLocaleString("en", { maximumFractionDigits: cost < 1 ? 4 : 2, minimumFractionDigits: 2 });
}

/** What an answer cost; null where that is not known. */
export function costNote(cost: number | null): string | null {
  return cost === null ? null : `Cost ${amount(cost)}`;
}

/** What the answers of a story have cost; null if the cost of none is known. */
export function totalNote(costs: readonly (number | null)[]): string | null {
  const known = costs.filter((cost) => cost !== null);
  if (known.length === 0) return null;
  return `Spent on its answers: ${amount(known.reduce((sum, cost) => sum + cost, 0))}`;
}

/** "1,234 tokens, 0.0123", with what is running. */
export function windowText({ tokens, cost }: Window): string {
  const held = tokens.held > 0 ? `, and about ${counted(tokens.held)} for what is being written` : "";
  return `${counted(tokens.spent)} tokens${cost.spent > 0 ? `, for ${amount(cost.spent)}` : ""}${held}`;
}

const PERIODS: Record<Budget["period"], string> = { day: "Today", month: "This month", ever: "In all" };

/** What a budget is for. */
export function budgetTitle({ period, bot_id, is_shared }: Budget, bots: { id: string; name: string }[]): string {
  const bot = bot_id === null ? undefined : bots.find(({ id }) => id === String(bot_id));
  const of = bot_id === null ? "" : `, ${bot?.name || "one bot"}`;
  return `${PERIODS[period]}${of}${is_shared ? ", all users together" : ""}`;
}

/** How much of a budget is used, for each of its limits. */
export interface Use {
  text: string;
  /** From 0 to 1. */
  part: number;
}

/** Nothing for one that all users share: its figures are not the user's. */
export function usesOf({ tokens, cost }: Budget): Use[] {
  const use = (left: Left | null, text: (of: Left) => string): Use[] =>
    left === null ? [] : [{ text: text(left), part: partOf(left) }];
  return [
    ...use(tokens, ({ left, limit }) => `${counted(left)} of ${counted(limit)} tokens left`),
    ...use(cost, ({ left, limit }) => `${amount(left)} of ${amount(limit)} left`),
  ];
}

function partOf({ spent, held, limit }: Spent & { limit: number }): number {
  return limit === 0 ? 1 : Math.min((spent + held) / limit, 1);
}

/** When a budget begins again, in the time of this browser. */
export function resetText(resetsAt: string | null): string {
  if (resetsAt === null) return "It does not begin again.";
  const time = new Date(resetsAt).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  return `It begins again on ${time}.`;
}
