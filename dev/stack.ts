/** The embedded stack: Auth, the Data API, the functions, a provider and the page in one process. */

import { type Database, lockFolder, openPglite, openPostgres } from "./database.ts";
import { type Demo, ensureDemo } from "./demo_data.ts";
import { createFunctions } from "./functions.ts";
import { keptKeys, newKeys } from "./keys.ts";
import { type DemoProvider, startProvider } from "./provider.ts";
import { listen, onlyFor } from "./server.ts";
import { createSite } from "./site.ts";
import { createSupabase, supabaseText } from "./supabase.ts";

const MIGRATIONS = new URL("../supabase/migrations/", import.meta.url);

/** How to start the embedded stack. */
export interface StackOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  hostname?: string;
  /** A Postgres server to run on; without it PGlite runs inside the process. */
  database?: string;
  /** A folder that keeps the keys and PGlite's data over restarts; without it they live in memory. */
  data?: string;
  /** A provider to use in place of the demo provider. */
  provider?: string;
  /** Further RELAY_* values for the functions. */
  environment?: Record<string, string>;
  progress?: (text: string) => void;
}

/** A running embedded stack. */
export interface Stack {
  url: string;
  functions_url: string;
  publishable_key: string;
  secret_key: string;
  jwt_secret: string;
  provider_url: string;
  demo: Demo;
  close(): Promise<void>;
}

/** Starts Auth, the Data API, the relay's functions and a provider in this process. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const progress = options.progress ?? (() => {});
  let database: Database | undefined;
  let provider: DemoProvider | undefined;
  let functions: ReturnType<typeof createFunctions> | undefined;
  let route = (_request: Request): Promise<Response> =>
    Promise.resolve(new Response("The stack is starting\n", { status: 503 }));

  // First of all, so that a port in use is reported at once.
  const hostname = options.hostname ?? "127.0.0.1";
  const server = listen(hostname, options.port ?? 0, onlyFor(hostname, (r) => route(r)));
  const unlock = await lockFolder(options.data).catch(async (error) => {
    await server.close();
    throw error;
  });

  let closing: Promise<void> | undefined;
  async function end(): Promise<void> {
    // The functions store what they still have through the server, so it goes after them.
    await functions?.close();
    await server.close();
    await database?.close();
    await provider?.close();
    unlock();
  }
  const close = () => closing ??= end();

  try {
    const keys = options.data ? await keptKeys(options.data) : newKeys();
    const environment: Record<string, string> = {
      RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
      ...relayEnvironment(),
      RELAY_JWT_SECRET: keys.jwt_secret,
      SUPABASE_URL: server.url,
      SUPABASE_SECRET_KEY: keys.secret_key,
      ...options.environment,
    };
    const relay = functions = createFunctions((name) => environment[name]);

    if (options.provider === undefined) provider = await startProvider();
    const provider_url = provider?.url ?? options.provider!.replace(/\/+$/, "");
    database = options.database === undefined
      ? await openPglite(options.data && `${options.data}/postgres`, progress, await supabaseText(MIGRATIONS))
      : await openPostgres(options.database);
    const supabase = await createSupabase(database, keys, MIGRATIONS, progress, server.url);
    await database.keep?.();

    let demo: Demo | null = null;
    const { publishable_key } = keys;
    const site = createSite(() => ({ publishable_key, demo }));
    route = (request) => {
      const { pathname } = new URL(request.url);
      // Before lite, which answers this path with a page of its own.
      if (pathname.startsWith("/functions/v1/")) return relay.fetch(request);
      return /^\/(auth|rest)\/v1(\/|$)/.test(pathname) ? supabase.fetch(request) : site(request);
    };

    demo = await ensureDemo(server.url, publishable_key, provider_url);
    await supabase.assertRoles();
    return { url: server.url, functions_url: `${server.url}/functions/v1`, ...keys, provider_url, demo, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function relayEnvironment(): Record<string, string> {
  const own = Object.entries(Deno.env.toObject());
  return Object.fromEntries(own.filter(([name]) => name.startsWith("RELAY_")));
}
