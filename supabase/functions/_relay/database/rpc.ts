/** Calls the relay's SQL functions as service_role. */

import { createClient } from "@supabase/supabase-js";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { DATABASE_TIMEOUT_MS } from "../protocol/limits.ts";

/**
 * Calls one function. Rejects with `unavailable` if the database cannot be reached, does not answer in time or takes no
 * calls now, with `overloaded` if it has too little for this call, and with `internal` if it refuses the call.
 */
export type Rpc = <T>(name: string, args: Record<string, unknown>) => Promise<T>;

/**
 * Failures that pass without a change of the call. Of Postgres: a lost connection (08), read-only (25006), no disk or
 * connection left (53), an end or a start (57), and errors of its system (58); not XX, which is a bug or damage. Of
 * PostgREST: no connection (PGRST000 to 003), and a schema cache that does not have the function yet (PGRST202 to 205),
 * or still has it (see `isAway`).
 */
const AWAY = /^(PGRST(00[0-3]|20[2-5])$|08|25006|53|57|58)/;

/** The function has other arguments, or does not exist: worker and database have different versions. */
const MISFIT = /^PGRST20[23]$|^42883$/;
const MISFIT_ADVICE = "worker and database do not fit: push the migrations of the worker's version";

/** No memory, a lock or a statement that took too long: one user's text or lock can cause it, so others go on. */
const OVERLOADED = ["53200", "55P03", "57014"];
const OVERLOADED_RETRY_AFTER_SECONDS = 2;

/** A deadlock or a conflict: nothing was done, so the same call may be made again. */
const ROLLED_BACK = ["40P01", "40001"];
const ROLLED_BACK_ATTEMPTS = 3;

/** More than the connections of PostgREST's pool by default: all of them may have died. */
const DEAD_CONNECTION_ATTEMPTS = 20;

const RETRY_AFTER_SECONDS = 5;

/** One client serves the whole worker: it holds no session and keeps its connections open. */
export function createRpc(platform: Platform, options: { fetch?: typeof fetch } = {}): Rpc {
  const { clock, configuration } = platform;
  const client = createClient(
    configuration.supabaseUrl,
    configuration.secretKey,
    {
      // Without it the package looks for a session, in turns, before each call.
      accessToken: () => Promise.resolve(configuration.secretKey),
      global: { fetch: fetchAt(configuration, options.fetch) },
    },
  );
  return async <T>(name: string, args: Record<string, unknown>) => {
    const timeout = new AbortController();
    const stop = clock.after(
      DATABASE_TIMEOUT_MS,
      () => timeout.abort(new DOMException("The database did not answer in time", "TimeoutError")),
    );
    try {
      for (let attempt = 1;; attempt++) {
        const { data, error, status } = await client.rpc(name, args)
          .abortSignal(timeout.signal);
        if (!error) return data as T;
        if (attempt < attemptsAt(status, error.code)) continue;
        throw toFailure(name, error, status);
      }
    } finally {
      stop();
    }
  };
}

/**
 * A connection that died with its server fails once, as status 400 without a code or message; then the next one is
 * taken. The call did not reach the server, as far as PostgREST says; if it did, its repetition does no harm:
 * relay_begin answers the same fence alike, a beat stores no text twice, the first relay_finish counts.
 */
const isDeadConnection = (status: number, code: string) => status === 400 && code === "";

/** How often such a call is made, with the same arguments. */
function attemptsAt(status: number, code: string): number {
  if (ROLLED_BACK.includes(code)) return ROLLED_BACK_ATTEMPTS;
  return isDeadConnection(status, code) ? DEAD_CONNECTION_ATTEMPTS : 1;
}

/** Status 0 is no answer at all; 408, 429 and all from 502 on are a gateway's, also Cloudflare's and Supabase's own. */
function isAway(name: string, status: number, code: string, message: string): boolean {
  if (status === 0 || status === 408 || status === 429 || status >= 502) return true;
  if (isDeadConnection(status, code) || AWAY.test(code)) return true;
  // The function has other arguments now, and neither PostgREST nor this worker knows it yet.
  return code === "42883" && message.startsWith(`function public.${name}(`);
}

/** The package has no option for a Data API that is not below the project's URL. */
function fetchAt({ supabaseUrl, restUrl }: Platform["configuration"], using?: typeof fetch): typeof fetch | undefined {
  const usual = `${supabaseUrl}/rest/v1`;
  if (restUrl === usual) return using;
  return (input, init) => (using ?? fetch)(String(input).replace(usual, restUrl), init);
}

/** The hint and the details can quote arguments, which can be a user's words, so the log gets code and message alone. */
function toFailure(name: string, error: { code?: string; message: string }, status: number): RelayError {
  const { code = "", message } = error;
  // If it was not PostgREST that answered, the message is the whole body, which can contain a bot's key.
  const said = status === 0 || code ? message : "not by PostgREST";
  const advice = MISFIT.test(code) && isAway(name, status, code, message) ? `; ${MISFIT_ADVICE}` : "";
  const cause = `${name} was answered with status ${status}, ${code || "no code"}: ${said}${advice}`;
  if (OVERLOADED.includes(code)) {
    const words = "Cannot ask the database: it has too little memory or time for this call";
    return new RelayError("overloaded", words, { cause, retryAfter: OVERLOADED_RETRY_AFTER_SECONDS });
  }
  if (!isAway(name, status, code, message)) return new RelayError("internal", undefined, { cause });
  return new RelayError("unavailable", undefined, { cause, retryAfter: RETRY_AFTER_SECONDS });
}
