/** Everything that scenarios run on, started and stopped as one. */
import { createDatabase } from "./postgres.ts";
import { type DevStack, startDevStack } from "./stack.ts";
import { type ScriptedProvider, startScriptedProvider } from "./provider.ts";
import { METRICS_TOKEN, type Target } from "./target.ts";
import { startWorkers, type Workers } from "./workers.ts";

/** A Supabase with a provider beside it; where it has workers, the target names them and not the stack's own. */
export interface Stage {
  target: Target;
  stack: DevStack;
  provider: ScriptedProvider;
  /** Of the database, where it is a real Postgres. */
  databaseUrl: string | undefined;
  stop(): Promise<void>;
}

/**
 * Beats and pings come sooner than by default, because what these tests wait for is that they come. Timeouts do not
 * come at all: a generation that should have been stopped, and is not, must not end by itself and look as if it was.
 */
export const ENVIRONMENT = {
  RELAY_BEAT_MS: "200",
  RELAY_PING_MS: "1000",
  RELAY_FIRST_TOKEN_TIMEOUT_MS: "900000",
  RELAY_IDLE_TIMEOUT_MS: "900000",
  RELAY_TIMEOUT_MS: "900000",
  RELAY_METRICS_TOKEN: METRICS_TOKEN,
};

/** The embedded stack on PGlite: one process is everything. */
export async function startEmbeddedStage(): Promise<Stage> {
  const stack = await startDevStack([], ENVIRONMENT);
  return assemble(stack, undefined);
}

/** The embedded stack on a database of its own on a real Postgres, and a worker for each Deno. */
export async function startWorkerStage(denos: string[]): Promise<Stage> {
  const database = await createDatabase();
  try {
    const stack = await startDevStack(["--database", database.url], ENVIRONMENT);
    try {
      const workers = await startWorkers(stack, denos, ENVIRONMENT);
      return assemble(stack, workers, database);
    } catch (error) {
      await stack.stop();
      throw error;
    }
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** What scenarios may know of a stack, and of workers in its place. */
export function targetOf(stack: DevStack, workers?: Pick<Workers, "urls" | "log">): Target {
  return {
    workers: workers?.urls ?? [stack.functions_url],
    supabaseUrl: stack.url,
    publishableKey: stack.publishable_key,
    secretKey: stack.secret_key,
    jwtSecret: stack.jwt_secret,
    log: workers && (() => workers.log()),
  };
}

/** The same target, where another worker comes first. */
export function firstWorker(target: Target, index: number): Target {
  const { workers } = target;
  return { ...target, workers: [...workers.slice(index), ...workers.slice(0, index)] };
}

function assemble(stack: DevStack, workers?: Workers, database?: { url: string; drop(): Promise<void> }): Stage {
  const provider = startScriptedProvider();
  return {
    target: targetOf(stack, workers),
    stack,
    provider,
    databaseUrl: database?.url,
    // Whoever asks goes before whom they ask, so that nobody is left waiting for an answer.
    async stop() {
      await workers?.stop();
      await stack.stop();
      await provider.close();
      await database?.drop();
    },
  };
}
