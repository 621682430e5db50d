/** Calls the relay's SQL functions as service_role. */

import { createClient } from "@supabase/supabase-js";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { DATABASE_TIMEOUT_MS } from "../protocol/limits.ts";

/**
 * Calls one function. Rejects with `unavailable` where the database cannot be reached or does not answer in time,
 * with `internal` where it refuses the call.
 */
export type Rpc = <T>(name: string, args: Record<string, unknown>) => Promise<T>;

/** PostgREST's own codes for a database that it cannot reach, and the SQLSTATE classes of one that is going away. */
const UNREACHABLE = /^(PGRST00[0-3]|08|53|57)/;

/** A deadlock or a conflict: nothing was done, so the same call may be made again. */
const ROLLED_BACK = ["40P01", "40001"];
const ATTEMPTS = 3;

/** One client serves the whole worker: it holds no session and keeps its connections open. */
export function createRpc(platform: Platform, options: { fetch?: typeof fetch } = {}): Rpc {
  const { clock, configuration } = platform;
  const client = createClient(
    configuration.supabaseUrl,
    configuration.secretKey,
    {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
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
        if (ROLLED_BACK.includes(error.code) && attempt < ATTEMPTS) continue;
        throw toFailure(name, error, status);
      }
    } finally {
      stop();
    }
  };
}

/** The package has no option for a Data API that is somewhere else than below the project's URL. */
function fetchAt({ supabaseUrl, restUrl }: Platform["configuration"], using?: typeof fetch): typeof fetch | undefined {
  const usual = `${supabaseUrl}/rest/v1`;
  if (restUrl === usual) return using;
  return (input, init) => (using ?? fetch)(String(input).replace(usual, restUrl), init);
}

/** The hint and the details can quote arguments, which can be a user's words, so the log gets code and message alone. */
function toFailure(name: string, { code, message }: { code: string; message: string }, status: number): RelayError {
  // Where PostgREST did not answer, the message is the whole body, and that can contain a bot's key.
  const said = status === 0 || code ? message : "not by PostgREST";
  const cause = `${name} was answered with status ${status}, ${code || "no code"}: ${said}`;
  if (status === 0 || status >= 502 || UNREACHABLE.test(code ?? "")) {
    return new RelayError("unavailable", undefined, { cause, retryAfter: 5 });
  }
  return new RelayError("internal", undefined, { cause });
}
