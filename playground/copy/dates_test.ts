/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, match } from "node:assert/strict";
import { dayTitle, groupByDay, timeText } from "./dates.ts";

const NOW = new Date(2026, 2, 1, 0, 30);
const at = (...parts: [number, number, number, number?]) => ({ updated_at: new Date(...parts).toISOString() });

Deno.test("groupByDay() keeps the order, and begins a group with each day of this browser", () => {
  const rows = [at(2026, 2, 1), at(2026, 1, 28, 23), at(2026, 1, 28, 1), at(2026, 0, 5), at(2025, 11, 31)];
  equal(groupByDay(rows, NOW), [
    { title: "Today", day: "2026-03-01", rows: [rows[0]] },
    { title: "Yesterday", day: "2026-02-28", rows: [rows[1], rows[2]] },
    { title: "January 5", day: "2026-01-05", rows: [rows[3]] },
    { title: "December 31, 2025", day: "2025-12-31", rows: [rows[4]] },
  ]);
  equal(groupByDay([], NOW), []);
});

Deno.test("dayTitle() of a clock that is behind is a date, and not today", () => {
  equal(dayTitle(new Date(2026, 2, 2), NOW), "March 2");
});

Deno.test("timeText() has date and time", () => match(timeText("2026-03-01T12:00:00Z"), /2026 at \d+:00/));
