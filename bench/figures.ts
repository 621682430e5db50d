/** How pages show the figures of the bench. */

import { describeMachine, versionOf } from "../testkit/page.ts";
import type { World } from "./relays.ts";

/** Two digits that count; from 100 on whole numbers, thousands apart; a question mark of what is unknown. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "?";
  const size = Math.abs(value);
  if (size >= 99.5) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2);
}

/** What figures were taken with and on, in a sentence. */
export async function aboutRun(command: string, { deno, supabase, isPreferred }: World): Promise<string> {
  const [{ server_version }] = await (await supabase()).sql`show server_version`;
  return `${describeMachine(command)}, Deno ${await versionOf(deno)}, Postgres ` +
    `${server_version.split(" ")[0]}, the relay on one core, everything else on the other${
      isPreferred ? ", the readers and the provider before the rest" : ""
    }.`;
}
