/** Reads GET /metrics as numbers. */
import { strictEqual as equal } from "node:assert/strict";

/** What a scrape shows to the workers and stacks that tests start. */
export const METRICS_TOKEN = "a-token-for-scrapes-alone-0815";

/** The samples of one scrape, by name and labels as they are written. */
export type Scrape = Map<string, number>;

/** The page as a worker gives it to a holder of the token. */
export async function scrapeText(worker: string): Promise<string> {
  const response = await fetch(`${worker}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const text = await response.text();
  equal(response.status, 200, text);
  equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return text;
}

/** Scrapes one worker. */
export async function scrape(worker: string): Promise<Scrape> {
  const lines = (await scrapeText(worker)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const end = line.lastIndexOf(" ");
    return [line.slice(0, end).replace(/^storytellr_/, ""), Number(line.slice(end + 1))];
  }));
}

/** How much each sample has changed from one scrape to the next, of those whose name fits. */
export function changes(before: Scrape, after: Scrape, of = /./): Record<string, number> {
  const changed = [...after].filter(([name, value]) => of.test(name) && value !== before.get(name));
  return Object.fromEntries(changed.map(([name, value]) => [name, value - (before.get(name) ?? NaN)]));
}
