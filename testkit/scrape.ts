/** Reads GET /metrics as numbers. */
import { strictEqual as equal } from "node:assert/strict";
import { METRICS_TOKEN } from "./target.ts";

/** The samples of one scrape, by name and labels as they are written. */
export type Scrape = Map<string, number>;

/** The page as a worker gives it to whoever shows the token. */
export async function scrapeText(worker: string): Promise<string> {
  const response = await fetch(`${worker}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const text = await response.text();
  equal(response.status, 200, text);
  equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return text;
}

/** Scrapes one worker. */
export async function scrape(worker: string): Promise<Scrape> {
  const text = await scrapeText(worker);
  return new Map(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map(
      (line) => {
        const at = line.lastIndexOf(" ");
        const name = line.slice(0, at).replace(/^storytellr_/, "");
        return [name, Number(line.slice(at + 1))];
      },
    ),
  );
}

/** What has grown or shrunk from one scrape to the next, of what a pattern names. */
export function changes(before: Scrape, after: Scrape, of: RegExp): Record<string, number> {
  const changed = [...after].filter(([name, value]) => of.test(name) && value !== before.get(name)).map((
    [name, value],
  ) => [name, value - (before.get(name) ?? NaN)]);
  return Object.fromEntries(changed);
}
