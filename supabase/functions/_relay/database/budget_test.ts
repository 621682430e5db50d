import assert from "node:assert/strict";
import { type Budget, wordsOf } from "./budget.ts";

const OWN = {
  period: "day",
  is_shared: false,
  is_for_bot: false,
  unit: "tokens",
  limit: 5000,
  left: 200,
  needed: 1200,
};

Deno.test("wordsOf() names the budget, and has its figures where they are the user's own", () => {
  const cases: [Partial<Budget>, string][] = [
    [{}, "it needs about 1200 tokens, and today's budget has 200 of 5000 left"],
    [
      { period: "month", is_for_bot: true },
      "it needs about 1200 tokens, and this month's budget for this bot has 200 of 5000 left",
    ],
    [
      { period: "ever", unit: "cost", limit: 5, left: 0.0000012345, needed: 0.012345678 },
      "it costs about 0.01235, and the budget has 0.000001234 of 5 left",
    ],
    [
      { is_shared: true, is_for_bot: true, limit: undefined, left: undefined, needed: undefined },
      "today's budget for this bot, which all users share, is used up",
    ],
  ];
  for (const [budget, words] of cases) assert.equal(wordsOf({ ...OWN, ...budget } as Budget), words);
});
