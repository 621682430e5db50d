/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, match } from "node:assert/strict";
import type { Budget } from "../../client/spending.ts";
import { budgetTitle, costNote, resetText, totalNote, usesOf, windowText } from "./spending.ts";

const BUDGET: Budget = { period: "month", bot_id: null, resets_at: null, is_shared: false, cost: null, tokens: null };

Deno.test("windowText() says what was used, what it cost where that is known, and what runs", () => {
  const none = { spent: 0, held: 0 };
  const window = { resets_at: "", tokens: { spent: 1_234, held: 0 }, cost: none };
  equal(windowText(window), "1,234 tokens");
  equal(windowText({ ...window, cost: { spent: 0.01234, held: 0 } }), "1,234 tokens, for 0.0123");
  equal(
    windowText({ ...window, tokens: { spent: 0, held: 1_500 }, cost: { spent: 12.5, held: 1 } }),
    "0 tokens, for 12.50, and about 1,500 for what is being written",
  );
});

Deno.test("costNote() has two digits of what is less than a hundredth, and nothing where no price is known", () => {
  equal([null, 0, 0.00001234, 0.0099, 0.01234, 2.345].map(costNote), [
    null,
    "Cost 0.00",
    "Cost 0.000012",
    "Cost 0.0099",
    "Cost 0.0123",
    "Cost 2.35",
  ]);
});

Deno.test("totalNote() adds up what is known, and says nothing where nothing is", () => {
  equal([[], [null], [null, 0.01, 0.005]].map(totalNote), [null, null, "Spent on its answers: 0.015"]);
});

Deno.test("budgetTitle() names period, bot and who shares it", () => {
  equal(budgetTitle(BUDGET, []), "This month");
  equal(budgetTitle({ ...BUDGET, period: "day", bot_id: 7 }, [{ id: "7", name: "Fox" }]), "Today, Fox");
  equal(
    budgetTitle({ ...BUDGET, period: "ever", bot_id: 8, is_shared: true }, []),
    "In all, one bot, all users together",
  );
});

Deno.test("usesOf() has what is left of each limit, and how much is used", () => {
  const tokens = { limit: 1_000, spent: 700, held: 50, left: 250 };
  const cost = { limit: 2, spent: 3, held: 0, left: 0 };
  equal(usesOf({ ...BUDGET, tokens, cost }), [
    { text: "250 of 1,000 tokens left", part: 0.75 },
    { text: "0.00 of 2.00 left", part: 1 },
  ]);
  equal(usesOf({ ...BUDGET, is_shared: true }), []);
  equal(usesOf({ ...BUDGET, tokens: { limit: 0, spent: 0, held: 0, left: 0 } })[0].part, 1);
});

Deno.test("resetText() has a day, or says that there is none", () => {
  match(resetText("2026-12-01T00:00:00+00:00"), /^It begins again on (Nov 30|Dec 1), 2026/);
  equal(resetText(null), "It does not begin again.");
});
