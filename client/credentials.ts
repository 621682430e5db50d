/** Where the relay is, and as which user to ask: from supabase-js, or from a URL and a token. */

import { RelayClientError, unreachable } from "./errors.ts";

interface SessionAnswer {
  data: { session: { access_token: string } | null };
  error: { status?: number } | null;
}

/** The part of a SupabaseClient that the relay's client uses. */
export interface SupabaseLike {
  auth: {
    getSession(): Promise<SessionAnswer>;
    refreshSession(): Promise<SessionAnswer>;
  };
}

/** A SupabaseClient declares these as protected, and offers no other way to read them. */
interface Hidden {
  supabaseKey?: string;
  functionsUrl?: URL;
}

/** Where the relay is: `url` is the functions' base URL, such as `https://<ref>.supabase.co/functions/v1`. */
export type Address = {
  supabase: SupabaseLike;
  url?: string | undefined;
  token?: undefined;
} | {
  url: string;
  /** Called before each request, and once more if the relay refuses the token. */
  token: () => string | Promise<string>;
  supabase?: undefined;
};

/** What each request needs. */
export interface Credentials {
  url: string;
  headers: Record<string, string>;
  token(): Promise<string>;
  /** Another token in place of a refused one; null if there is none. */
  refresh(refused: string): Promise<string | null>;
}

/** Throws a TypeError if the address is incomplete. */
export function credentialsOf(address: Address): Credentials {
  const { supabase } = address;
  if (supabase === undefined) {
    return {
      url: baseOf(address.url),
      headers: {},
      token: async () => await address.token(),
      async refresh(refused) {
        const token = await address.token();
        return token === refused ? null : token;
      },
    };
  }
  const { supabaseKey, functionsUrl } = supabase as SupabaseLike & Hidden;
  return {
    url: baseOf(address.url ?? functionsUrl),
    headers: supabaseKey ? { apikey: supabaseKey } : {},
    async token() {
      const token = tokenOf(await supabase.auth.getSession());
      if (token !== null) return token;
      throw new RelayClientError("unauthenticated", "Cannot reach the relay: no user is signed in");
    },
    refresh: async () => tokenOf(await supabase.auth.refreshSession()),
  };
}

/** Null if the session has ended. One that cannot be renewed for lack of a network has not: that throws. */
function tokenOf({ data, error }: SessionAnswer): string | null {
  if (data.session) return data.session.access_token;
  if (error && !/^4/.test(String(error.status))) {
    throw unreachable("Cannot renew the session: the connection failed", error);
  }
  return null;
}

function baseOf(url: unknown): string {
  const text = String(url ?? "").replace(/\/+$/, "");
  if (/^https?:/.test(text)) return text;
  throw new TypeError(`Cannot create a client: "${text}" is not the functions' URL`);
}
