/**
 * The parts of supabase-js that the page uses: Auth, and the Data API as the signed-in user. The whole package would
 * bring Realtime, Storage and the functions' client, too, a third of the page's weight.
 */

import { AuthClient } from "@supabase/auth-js";
import { PostgrestClient } from "@supabase/postgrest-js";
import type { SupabaseClient } from "@supabase/supabase-js";

/** UTF-16 units: browsers keep at most 64 KiB of such bodies at a time, all of a page's together. */
const MAX_KEPT_UNITS = 1_000;

const SESSION_SUFFIX = "-auth-token";

/** Whether this browser has kept a session of some project; it may have run out. */
export function mayHaveSession(): boolean {
  try {
    return Object.keys(localStorage).some((key) => key.endsWith(SESSION_SUFFIX));
  } catch {
    return false;
  }
}

/** A small change of what is there goes on if the page is left or loaded again right after it. */
function isKept(input: RequestInfo | URL, { method = "GET", body }: RequestInit = {}): boolean {
  const isChange = ["PATCH", "DELETE"].includes(method) || String(input).endsWith("/rpc/edit_message");
  return isChange && (typeof body === "string" ? body.length : 0) <= MAX_KEPT_UNITS;
}

/** A client with these parts alone; the session is kept where supabase-js would keep it. */
export function createSupabase(url: string, key: string): SupabaseClient {
  const auth = new AuthClient({
    url: `${url}/auth/v1`,
    // In this spelling: Auth's client replaces the header of this name by the user's.
    headers: { apikey: key, Authorization: `Bearer ${key}` },
    storageKey: `sb-${new URL(url).hostname.split(".")[0]}${SESSION_SUFFIX}`,
    // A link in an email may be opened in another browser than the one that asked for it.
    flowType: "implicit",
    // account.ts does it, and leaves no token in the browser's history.
    detectSessionInUrl: false,
  });
  const database = new PostgrestClient(`${url}/rest/v1`, {
    async fetch(input: RequestInfo | URL, init?: RequestInit) {
      const { data: { session }, error } = await auth.getSession();
      // It has gone, or cannot be renewed now. Without it the database would answer as if the user had no stories.
      if (!session) throw error ?? new Error("There is no JWT: the user is signed out");
      const headers = new Headers(init?.headers);
      headers.set("apikey", key);
      const send = (token: string) => {
        headers.set("authorization", `Bearer ${token}`);
        const request = (keepalive: boolean) => fetch(input, { ...init, headers, keepalive });
        // Where the browser keeps no more, that fails at once. The change may arrive twice, and names the wanted state.
        return isKept(input, init) ? request(true).catch(() => request(false)) : request(false);
      };
      const response = await send(session.access_token);
      if (response.status !== 401) return response;
      // The token has expired by the server's clock, which may be ahead of this one.
      const { data: renewed } = await auth.refreshSession();
      return renewed.session ? await send(renewed.session.access_token) : response;
    },
  });
  const client = {
    auth,
    from: (table: string) => database.from(table),
    rpc: (name: string, values?: Record<string, unknown>) => database.rpc(name, values),
    // The relay's client reads these two.
    supabaseKey: key,
    functionsUrl: new URL(`${url}/functions/v1`),
  };
  return client as unknown as SupabaseClient;
}
