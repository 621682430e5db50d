/** Says in words which budget refuses a start. */

/** A budget that has too little left. The figures of a shared one are the operator's alone, and absent. */
export interface Budget {
  period: "day" | "month" | "ever";
  is_shared: boolean;
  /** Whether it is for the bot that was to answer; false: for all bots together. */
  is_for_bot: boolean;
  unit: "cost" | "tokens";
  limit?: number;
  left?: number;
  needed?: number;
}

const NAMES = { day: "today's budget", month: "this month's budget", ever: "the budget" };

/** A clause that follows "Cannot start the generation: ". */
export function wordsOf({ period, is_shared, is_for_bot, unit, limit, left, needed }: Budget): string {
  const name = NAMES[period] + (is_for_bot ? " for this bot" : "") + (is_shared ? ", which all users share," : "");
  if (limit === undefined || left === undefined || needed === undefined) return `${name} is used up`;
  return unit === "tokens"
    ? `it needs about ${needed} tokens, and ${name} has ${left} of ${limit} left`
    : `it costs about ${short(needed)}, and ${name} has ${short(left)} of ${short(limit)} left`;
}

/** A cost can be as small as a millionth; four digits are enough. */
function short(cost: number): string {
  return String(Number(cost.toPrecision(4)));
}
