/** What a user has spent, and what of their budgets is left: read from the Data API, not from the relay. */

import type { Id } from "./types.ts";

/** What was spent, and what the generations that run are expected to need. */
export interface Spent {
  spent: number;
  held: number;
}

/** The same against a limit: `left` is what a start can still have. */
export interface Left extends Spent {
  limit: number;
  left: number;
}

/** All that the user has used since the window began, with or without a budget. Costs count where a price is known. */
export interface Window {
  resets_at: string;
  cost: Spent;
  tokens: Spent;
}

/** One budget that applies to the user. */
export interface Budget {
  period: "day" | "month" | "ever";
  /** The bot whose answers it counts; null: those of all bots. */
  bot_id: Id | null;
  /** When it begins again; null: never. */
  resets_at: string | null;
  /** True: all users share it, and its figures are not shown. */
  is_shared: boolean;
  /** Null: cost is not limited. */
  cost: Left | null;
  /** Null: tokens are not limited. */
  tokens: Left | null;
}

/** What `my_spending()` answers. */
export interface Spending {
  today: Window;
  month: Window;
  /** Those that begin again last come first. */
  budgets: Budget[];
}

/** The part of a SupabaseClient that calls a function of the database. */
export interface SpendingSource {
  // deno-lint-ignore no-explicit-any
  rpc(name: string): PromiseLike<{ data: any; error: unknown }>;
}

/** Reads the signed-in user's spending; null: no one is signed in. Throws what the Data API refuses with. */
export async function mySpending(supabase: SpendingSource): Promise<Spending | null> {
  const { data, error } = await supabase.rpc("my_spending");
  if (error) throw error;
  return data;
}
