import { fileURLToPath } from "node:url";
import { createClient, type Session, type SupabaseClient } from "@supabase/supabase-js";

const DEV = fileURLToPath(new URL("../dev/dev.ts", import.meta.url));

/** An embedded stack in a process of its own, and what it said about itself. */
export interface DevStack {
  url: string;
  functions_url: string;
  publishable_key: string;
  secret_key: string;
  jwt_secret: string;
  provider_url: string;
  demo: {
    email: string;
    password: string;
    user_id: string;
    bot_id: string;
    conversation_id: string;
  };
  /** Sends SIGINT, and throws unless the stack then ends by itself with exit code 0. */
  stop(): Promise<void>;
}

/** Starts `deno task dev --port 0 --json` with further flags, and waits until it is ready. */
export async function startDevStack(args: string[] = [], env: Record<string, string> = {}): Promise<DevStack> {
  const child = runDev(["--port", "0", "--json", ...args], env);
  const line = await child.line;
  if (line === undefined) {
    const { code } = await child.status;
    throw new Error(`The embedded stack ended with exit code ${code}:\n${await child.log}`);
  }
  return {
    ...JSON.parse(line),
    async stop() {
      child.kill("SIGINT");
      const [{ code }, log] = await Promise.all([child.status, child.log]);
      if (code !== 0) {
        throw new Error(`The embedded stack ended with exit code ${code}:\n${log}`);
      }
    },
  };
}

/** A run of dev.ts: its first line on stdout, if it comes to one, its end, and all of its stderr. */
export interface DevRun {
  line: Promise<string | undefined>;
  status: Promise<Deno.CommandStatus>;
  log: Promise<string>;
  kill(signal: Deno.Signal): void;
}

/** Runs dev.ts with exactly these flags. */
export function runDev(args: string[], env: Record<string, string> = {}): DevRun {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-lock", DEV, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return {
    line: firstLine(child.stdout),
    status: child.status,
    log: new Response(child.stderr).text(),
    kill: (signal) => child.kill(signal),
  };
}

// Reads on to the end, so that the child never waits for a reader.
function firstLine(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  (async () => {
    let text = "";
    for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    }
    resolve(undefined);
  })();
  return promise;
}

/** A supabase-js client of the stack: with the publishable key unless another one is given, and a user's token if any. */
export function clientOf(stack: DevStack, key = stack.publishable_key, token?: string): SupabaseClient {
  return createClient(stack.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: token ? { headers: { authorization: `Bearer ${token}` } } : {},
  });
}

/** Someone who is signed in. */
export interface SignedIn {
  client: SupabaseClient;
  user_id: string;
  token: string;
}

/** Signs a user up whom nobody else uses. */
export async function newUser(stack: DevStack): Promise<SignedIn> {
  const client = clientOf(stack);
  const { data, error } = await client.auth.signUp({
    email: `${crypto.randomUUID()}@test.example`,
    password: "long-enough",
  });
  if (error) throw error;
  return signedIn(client, data.session);
}

/** Signs the demo user in. */
export async function signInDemo(stack: DevStack): Promise<SignedIn> {
  const client = clientOf(stack);
  const { email, password } = stack.demo;
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return signedIn(client, data.session);
}

function signedIn(client: SupabaseClient, session: Session | null): SignedIn {
  if (!session) throw new Error("The stack gave no session");
  return { client, user_id: session.user.id, token: session.access_token };
}
