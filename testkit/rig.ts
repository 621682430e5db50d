/** What faults, texts and limits are tested with: a stack, a provider in the test's hands, and workers. */

import { type DevStack, startDevStack } from "./stack.ts";
import { type ScriptedProvider, startScriptedProvider } from "./provider.ts";
import { post, readStory, type StoryEvent, type StoryStream } from "./reader.ts";
import { makeBot, type Target, type TestUser } from "./target.ts";
import { RUNTIME_DENO, runtimeDeno } from "../dev/runtime_deno.ts";
import { startWorkers } from "./workers.ts";
import { skip } from "./skipped.ts";

/** An executable of Deno. */
export interface Runtime {
  name: string;
  path: string;
}

/** The Deno that runs the tests. */
export const THIS_DENO: Runtime = { name: `Deno ${Deno.version.deno}`, path: Deno.execPath() };

/** This Deno and the edge runtime's; where npx cannot bring that one, it is skipped. */
export async function findRuntimes(): Promise<Runtime[]> {
  const path = await runtimeDeno();
  const name = `Deno ${RUNTIME_DENO}`;
  if (path !== null) return [THIS_DENO, { name, path }];
  skip(`faults and texts on ${name}: npx cannot bring it`);
  return [THIS_DENO];
}

/** A worker in a process of its own. */
export interface Worker {
  /** The functions' base URL. */
  url: string;
  /** What it has logged so far. */
  log(): string;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM, and throws unless it then ends by itself with exit code 0. */
  stop(): Promise<void>;
}

/** So high that only the tests of these limits meet them. */
const NO_USER_LIMITS = { RELAY_RATE_LIMIT_PER_MINUTE: "100000", RELAY_MAX_CONCURRENT: "100000" };

/** One embedded stack in a process of its own, whose Data API all workers use. */
export interface Rig {
  stack: DevStack;
  provider: ScriptedProvider;
  target: Target;
  /** A worker that may call providers on loopback and knows no limits for a user, but for what `env` says. */
  worker(env?: Record<string, string>, options?: { runtime?: Runtime; supabaseUrl?: string }): Promise<Worker>;
  close(): Promise<void>;
}

/** Starts the stack and the provider; workers are started by the test file. */
export async function startRig(): Promise<Rig> {
  const stack = await startDevStack();
  const provider = startScriptedProvider();
  const workers: Worker[] = [];
  return {
    stack,
    provider,
    target: {
      workers: [],
      supabaseUrl: stack.url,
      publishableKey: stack.publishable_key,
      secretKey: stack.secret_key,
      jwtSecret: stack.jwt_secret,
    },
    async worker(env = {}, { runtime = THIS_DENO, supabaseUrl } = {}) {
      const started = await startWorkers(stack, [runtime.path], {
        ...NO_USER_LIMITS,
        ...(supabaseUrl === undefined ? {} : { SUPABASE_URL: supabaseUrl }),
        ...env,
      });
      const worker: Worker = {
        url: started.urls[0],
        log: started.log,
        kill: () => started.kill(0),
        stop: started.stop,
      };
      workers.push(worker);
      return worker;
    },
    async close() {
      // Whoever asks goes before whom they ask.
      await Promise.all(workers.map((worker) => worker.stop()));
      await stack.stop();
      await provider.close();
    },
  };
}

/** A generation as its client has it. */
export interface Started {
  streamId: string;
  stream: StoryStream;
  /** The events that were read so far, by `until` and `rest` of this object alone. */
  events: StoryEvent[];
  until(name: string): Promise<StoryEvent[]>;
  rest(): Promise<StoryEvent[]>;
}

/** Asks a worker for a generation, by a bot of its own unless the body names one; throws where it is not admitted. */
export async function begin(
  { target }: Rig,
  worker: Worker,
  user: TestUser,
  accessPath: string,
  body: Record<string, unknown> = {},
): Promise<Started> {
  const bot_id = body.bot_id ?? await makeBot(target, user, accessPath);
  const stream = readStory(
    await post(`${worker.url}/stream`, user.token, { prompt: "Once upon a time", bot_id, ...body }),
  );
  const events: StoryEvent[] = [];
  const keep = (seen: StoryEvent[]) => {
    events.push(...seen);
    return seen;
  };
  return {
    streamId: stream.response.headers.get("x-stream-id")!,
    stream,
    events,
    until: async (name) => keep(await stream.until(name)),
    rest: async () => keep(await stream.rest()),
  };
}
