/** What a provider does, as the first segment of its base URL's path: every relay can be told it without knowing. */

/**
 * `paced` sends a token each so many milliseconds; `burst` one token and, once the driver has said `/go`, the others, so
 * many events a write; `idle` one token and no end.
 */
export type Plan = { kind: "paced"; everyMs: number; tokens: number } | {
  kind: "burst";
  eventsPerWrite: number;
  tokens: number;
} | { kind: "idle"; tokens: 1 };

/** `paced-20-500`, `burst-1-5000`, `idle`. */
export function nameOf(plan: Plan): string {
  switch (plan.kind) {
    case "paced":
      return `paced-${plan.everyMs}-${plan.tokens}`;
    case "burst":
      return `burst-${plan.eventsPerWrite}-${plan.tokens}`;
    case "idle":
      return "idle";
  }
}

/** The plan of a request's path; null where it names none. */
export function planOf(path: string): Plan | null {
  const [, kind, first, second] = /^\/(paced|burst|idle)(?:-(\d{1,7})-(\d{1,7}))?(?:\/|$)/.exec(path) ?? [];
  if (kind === "idle" && !first) return { kind, tokens: 1 };
  if (!first || Number(first) < 1 || Number(second) < 1) return null;
  const tokens = Number(second);
  if (kind === "paced") return { kind, everyMs: Number(first), tokens };
  if (kind === "burst") return { kind, eventsPerWrite: Number(first), tokens };
  return null;
}
