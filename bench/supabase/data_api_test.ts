import { deepStrictEqual as equal } from "node:assert/strict";
import { statementOf } from "./data_api.ts";

Deno.test("a call becomes one statement with the arguments that are given, by name and type", () => {
  equal(
    statementOf("relay_x", ["ids", "ms"], { ids: "text[]", ms: "integer", more: "text" }),
    "select public.relay_x(ids => a.ids, ms => a.ms)::text as answer from json_to_record($1::text::json) as a(ids text[], ms integer)",
  );
});
