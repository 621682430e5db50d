/** Tables and numbers as a page has them. */

import { short } from "../statistics.ts";

/** The first row is the heading. */
export function markdown([head, ...rows]: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A whole number as it is, thousands apart; else two digits that count. */
export function amount(value: number): string {
  if (Math.abs(value) >= 99.5 || Number.isInteger(value)) {
    return Math.round(value).toLocaleString("en-US");
  }
  return short(value);
}
