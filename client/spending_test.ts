import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { mySpending } from "./spending.ts";

Deno.test("mySpending() asks the Data API by its one function, and gives what it answers", async () => {
  const asked: string[] = [];
  const spending = { today: {}, month: {}, budgets: [] };
  const rpc = (name: string) => {
    asked.push(name);
    return Promise.resolve({ data: spending, error: null });
  };
  equal(await mySpending({ rpc }) as unknown, spending);
  equal(asked, ["my_spending"]);
  equal(await mySpending({ rpc: () => Promise.resolve({ data: null, error: null }) }), null);
});

Deno.test("mySpending() throws what the Data API refuses with", async () => {
  const refused = { code: "42501", message: "permission denied for function my_spending" };
  await rejects(mySpending({ rpc: () => Promise.resolve({ data: null, error: refused }) }), refused);
});
