/** What each metric is called and means, in the order of the page; docs/operations.md has the same list. */

/** One metric with all of its labels. */
export interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
}

const familyOf = (type: Family["type"]) => (name: string, help: string): Family => ({ name, type, help });
const [counter, gauge, histogram] = (["counter", "gauge", "histogram"] as const).map(familyOf);

/** The names are those of relay.counters, without the prefix that every metric of the relay has. */
export const FAMILIES: readonly Family[] = [
  gauge("build_info", "The version of the worker that answered; always 1."),
  counter("generations_started_total", "Generations that were admitted."),
  counter("generations_ended_total", "Generations that ended, each once, by outcome and error code."),
  counter(
    "generations_recovered_total",
    "Generations that a sweep had ended and their own worker completed later, by that outcome.",
  ),
  counter("memories_started_total", "Memories that workers began to write."),
  counter("memories_ended_total", "Memories whose writing ended, by outcome and error code."),
  counter("titles_started_total", "Titles that workers began to write."),
  counter("titles_ended_total", "Titles whose writing ended, by outcome and error code."),
  counter(
    "tries_total",
    "Requests to providers of generations that made more than one or had a fallback, by outcome and error code.",
  ),
  gauge("resting_providers", "Models that are not asked now, because they failed too often."),
  gauge("active_generations", "Generations that run now, under a good lease."),
  gauge("expired_generations", "Generations of dead workers that have not been ended yet."),
  gauge("database_bytes", "The size of the whole database."),
  counter("tokens_total", "Tokens that providers have reported, by kind."),
  counter(
    "estimated_tokens_total",
    "Tokens of generations whose provider has not reported them, as they were estimated, by kind.",
  ),
  counter("cost_total", "What generations cost, in the currency of relay.prices, by what it was settled by."),
  histogram("first_token_seconds", "Time from the request to the first text or reasoning."),
  histogram("generation_duration_seconds", "Time from the admission to the stored end, as workers reported it."),
  histogram(
    "relay_overhead_seconds",
    "Time from the request to the call of the provider: what the relay adds to the first token.",
  ),
  counter(
    "refusals_total",
    "Requests that were answered with an error, by code; workers report them every ten seconds.",
  ),
  counter(
    "error_lines_total",
    "Lines of the level error in workers' logs, by event; workers report them every ten seconds.",
  ),
  counter("sweeps_total", "Runs of the sweep."),
  counter("swept_generations_total", "Generations of dead workers that a run of the sweep has ended."),
  counter("forgotten_generations_total", "Generations whose rows a run of the sweep has deleted."),
];
