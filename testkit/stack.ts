/** What tests run: a Supabase with the relay's functions, a scripted provider, and workers where they are asked for. */

import { fileURLToPath } from "node:url";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { METRICS_TOKEN } from "./metrics.ts";
import { mintToken, type Target } from "./people.ts";
import { connect, createDatabase } from "./postgres.ts";
import { type Script, type ScriptedProvider, startProvider } from "./provider.ts";
import { startWorker, type Worker, type WorkerOptions } from "./workers.ts";

const DEV = fileURLToPath(new URL("../dev/dev.ts", import.meta.url));

/** What `deno task dev --json` prints. */
export interface StackFacts {
  url: string;
  functions_url: string;
  publishable_key: string;
  secret_key: string;
  jwt_secret: string;
  provider_url: string;
  demo: { email: string; password: string; user_id: string; bot_id: string; conversation_id: string };
}

/** A running stack. */
export interface Stack extends StackFacts, AsyncDisposable {
  provider: ScriptedProvider;
  /** The stack with its embedded functions as the one worker. */
  target: Target;
  /** The stack with these workers in their place. */
  targetOf(workers: Worker[]): Target;
  /** Of the database that was made for this stack. */
  databaseUrl?: string;
  /** Starts a worker, which ends with the stack at the latest. */
  worker(env?: Record<string, string>, options?: WorkerOptions): Promise<Worker>;
  /** Ends the workers, the stack and the provider; throws unless each process ends with exit code 0. */
  stop(): Promise<void>;
}

/** How to start a stack. */
export interface StackOptions {
  /** On a database of its own on the test server, and not on PGlite. */
  postgres?: boolean;
  /** What that database holds before the migrations. */
  sql?: string;
  /** For the embedded functions. */
  env?: Record<string, string>;
  /** Further flags of `deno task dev`. */
  flags?: string[];
  /** What the demo user's bot answers, in place of the stack's own demo provider. */
  demo?: Script;
}

/**
 * Beats and pings come sooner than by default, because scenarios wait for them. Timeouts do not come at all: a
 * generation that should have been stopped, and is not, must not end by itself and look as if it was.
 */
export const SCENARIO_ENV = {
  RELAY_BEAT_MS: "200",
  RELAY_PING_MS: "500",
  RELAY_FIRST_TOKEN_TIMEOUT_MS: "900000",
  RELAY_IDLE_TIMEOUT_MS: "900000",
  RELAY_TIMEOUT_MS: "900000",
};

/** So high that only a test of these limits reaches them. */
export const NO_USER_LIMITS = { RELAY_RATE_LIMIT_PER_MINUTE: "100000", RELAY_MAX_CONCURRENT: "100000" };

/** Starts a stack on a free port, and waits until it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { postgres = false, env, flags = [], demo } = options;
  const database = postgres ? await createDatabase() : undefined;
  const sql = database && connect(database.url);
  if (options.sql !== undefined) await sql?.unsafe(options.sql).simple();
  const provider = startProvider();
  const all = [
    ...["--port", "0", "--json", ...flags],
    ...(database ? ["--database", database.url] : []),
    ...(demo ? ["--provider", provider.script(demo)] : []),
  ];
  // To hash a password takes lite 128 ms, at the least cost 2 ms.
  const run = runDev(all, { RELAY_METRICS_TOKEN: METRICS_TOKEN, LITE_AUTH_BCRYPT_COST: "4", ...env });
  const workers: Worker[] = [];
  let stopped: Promise<void> | undefined;
  // What asks ends before what it asks, so that nothing waits for an answer.
  async function end() {
    await Promise.all(workers.map((worker) => worker.stop()));
    run.kill("SIGINT");
    const [{ code }, log] = await Promise.all([run.status, run.log]);
    await provider.close();
    await sql?.end();
    await database?.drop();
    if (code !== 0) throw new Error(`The stack ended with exit code ${code}:\n${log}`);
  }
  const line = await run.line;
  if (line === undefined) {
    const { code } = await run.status;
    await provider.close();
    await sql?.end();
    await database?.drop();
    throw new Error(`The stack ended with exit code ${code}:\n${await run.log}`);
  }
  const facts: StackFacts = JSON.parse(line);
  const target = {
    supabaseUrl: facts.url,
    publishableKey: facts.publishable_key,
    secretKey: facts.secret_key,
    jwtSecret: facts.jwt_secret,
    newUser: sql && (async () => {
      const id = crypto.randomUUID();
      const email = `user-${id}@example.com`;
      await sql`insert into auth.users (id, email) values (${id}, ${email})`;
      return { id, email, token: await mintToken(facts.jwt_secret, id) };
    }),
  };
  const stop = () => stopped ??= end();
  return {
    ...facts,
    provider,
    target: { ...target, workers: [facts.functions_url] },
    targetOf: (workers) => ({
      ...target,
      workers: workers.map(({ url }) => url),
      log: () => workers.map((worker) => worker.log()).join(""),
    }),
    databaseUrl: database?.url,
    async worker(env, options) {
      const worker = await startWorker(facts, env, options);
      workers.push(worker);
      return worker;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A run of `deno task dev`: its first line on stdout, if there is one, its end, and all of its stderr. */
export interface DevRun {
  line: Promise<string | undefined>;
  status: Promise<Deno.CommandStatus>;
  log: Promise<string>;
  kill(signal: Deno.Signal): void;
}

/** Runs `deno task dev` with exactly these flags. */
export function runDev(flags: string[], env: Record<string, string> = {}): DevRun {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-lock", "--no-check", DEV, ...flags],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const line = Promise.withResolvers<string | undefined>();
  // Reads on to the end, so that the child never waits for a reader.
  (async () => {
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("\n")) line.resolve(text.slice(0, text.indexOf("\n")));
    }
    line.resolve(undefined);
  })();
  return {
    line: line.promise,
    status: child.status,
    log: new Response(child.stderr).text(),
    kill(signal) {
      try {
        child.kill(signal);
      } catch {
        // It has ended by itself: its code and its log say why.
      }
    },
  };
}

/** A supabase-js client: with the publishable key unless another one is given, and a user's token if there is one. */
export function clientOf(stack: StackFacts, { key = stack.publishable_key, token }: {
  key?: string;
  token?: string;
} = {}): SupabaseClient {
  return createClient(stack.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: token ? { headers: { authorization: `Bearer ${token}` } } : {},
  });
}
