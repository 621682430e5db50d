/** What each metric is called and means, in the order of the page; docs/operations.md has the same list. */

/** One metric with all of its labels. */
export interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
}

/** The names are those of relay.counters, without the prefix that every metric of the relay has. */
export const FAMILIES: readonly Family[] = [
  { name: "build_info", type: "gauge", help: "The version of the worker that answered; always 1." },
  { name: "generations_started_total", type: "counter", help: "Generations that were admitted." },
  {
    name: "generations_ended_total",
    type: "counter",
    help: "Generations that ended, each once, by outcome and error code.",
  },
  {
    name: "generations_recovered_total",
    type: "counter",
    help: "Generations that a sweep had ended and their own worker completed later, by that outcome.",
  },
  { name: "memories_started_total", type: "counter", help: "Memories that workers began to write." },
  {
    name: "memories_ended_total",
    type: "counter",
    help: "Memories whose writing ended, by outcome and error code.",
  },
  { name: "titles_started_total", type: "counter", help: "Titles that workers began to write." },
  { name: "titles_ended_total", type: "counter", help: "Titles whose writing ended, by outcome and error code." },
  {
    name: "tries_total",
    type: "counter",
    help: "Requests to providers of generations that made more than one or had a fallback, by outcome and error code.",
  },
  { name: "resting_providers", type: "gauge", help: "Models that are not asked now, because they failed too often." },
  { name: "active_generations", type: "gauge", help: "Generations that run now, under a good lease." },
  { name: "expired_generations", type: "gauge", help: "Generations of dead workers that nobody has ended yet." },
  { name: "database_bytes", type: "gauge", help: "The size of the whole database." },
  { name: "tokens_total", type: "counter", help: "Tokens that providers have reported, by kind." },
  {
    name: "estimated_tokens_total",
    type: "counter",
    help: "Tokens of generations whose provider has not reported them, as they were estimated, by kind.",
  },
  {
    name: "cost_total",
    type: "counter",
    help: "What generations cost, in the currency of relay.prices, by what it was settled by.",
  },
  { name: "first_token_seconds", type: "histogram", help: "Time from the request to the first text or reasoning." },
  {
    name: "generation_duration_seconds",
    type: "histogram",
    help: "Time from the admission to the stored end, as workers told it.",
  },
  {
    name: "relay_overhead_seconds",
    type: "histogram",
    help: "Time from the request to the call of the provider: what the relay adds to the first token.",
  },
  {
    name: "refusals_total",
    type: "counter",
    help: "Requests that were answered with an error, by code; workers tell of them every ten seconds.",
  },
  {
    name: "error_lines_total",
    type: "counter",
    help: "Lines of the level error in workers' logs, by event; workers tell of them every ten seconds.",
  },
  { name: "sweeps_total", type: "counter", help: "Runs of the sweep." },
  {
    name: "swept_generations_total",
    type: "counter",
    help: "Generations of dead workers that a run of the sweep has ended.",
  },
  {
    name: "forgotten_generations_total",
    type: "counter",
    help: "Generations whose rows a run of the sweep has deleted.",
  },
];
