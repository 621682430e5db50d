/** Dates as people read them, and a list in groups by them. */

/** Rows of one day. */
export interface DateGroup<T> {
  /** Today, Yesterday, or a date. */
  title: string;
  /** For machines: 2026-11-27. */
  day: string;
  rows: T[];
}

/** Groups rows that are sorted by their time, by the days of this browser. */
export function groupByDay<T extends { updated_at: string }>(rows: readonly T[], now: Date): DateGroup<T>[] {
  const groups: DateGroup<T>[] = [];
  for (const row of rows) {
    const at = new Date(row.updated_at);
    const day = dayOf(at);
    const last = groups.at(-1);
    if (last?.day === day) last.rows.push(row);
    else groups.push({ title: dayTitle(at, now), day, rows: [row] });
  }
  return groups;
}

/** Today, Yesterday, or a date, with the year where it is another one. */
export function dayTitle(at: Date, now: Date): string {
  const day = dayOf(at);
  if (day === dayOf(now)) return "Today";
  // Not 24 hours earlier: days are longer and shorter where clocks change.
  if (day === dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return "Yesterday";
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return at.toLocaleDateString("en", { month: "long", day: "numeric", year });
}

/** Date and time, in full. */
export function timeText(at: string): string {
  return new Date(at).toLocaleString("en", { dateStyle: "long", timeStyle: "short" });
}

function dayOf(at: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
