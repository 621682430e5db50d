/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { directionOf } from "./direction.ts";

Deno.test("directionOf() is that of the first letter", () => {
  equal(["", " 12 🦊!", "a שלום", "12. שלום a", "«الثعلب»", "きつね"].map(directionOf), [
    ...[undefined, undefined, "ltr", "rtl", "rtl", "ltr"],
  ]);
});
