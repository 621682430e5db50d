import { ok } from "node:assert/strict";
import type { Sql } from "postgres";
import { createVictims } from "./victims.ts";

const title = "a look at the stored texts that fails counts as wrong";

Deno.test(title, async () => {
  const sql = (() => Promise.reject(new Error("no connection is left"))) as unknown as Sql;
  const nowhere = () => "http://127.0.0.1:9/";
  const victims = createVictims(nowhere, nowhere(), sql, () => Promise.resolve({ id: "a", token: "b", bot_id: "c" }));
  try {
    const { wrong } = await victims.during(() => new Promise((resolve) => setTimeout(resolve, 300)));
    ok(wrong.includes("the stored texts could not be looked at: no connection is left"), wrong.join("\n"));
  } finally {
    await victims.close();
  }
});
