/** The place of the experiments: a Postgres, a Supabase on it, a provider, and as many workers as one asks for. */

import postgres, { type Sql } from "postgres";
import { startDevStack } from "../../testkit/stack.ts";
import { must, sleep } from "./experiment.ts";
import type { Plan } from "./numbered.ts";
import { makePerson } from "./people.ts";
import { type NumberedProvider, startNumberedProvider } from "./provider.ts";
import { createReader, type Reader } from "./reader.ts";
import { openServer, type Server } from "./server.ts";
import { type Chance, createChance } from "./statistics.ts";
import { startWorker, type Worker } from "./workers.ts";

/** How to run. */
export interface LabOptions {
  quick: boolean;
  database?: string;
  /** The Deno that the workers run on. */
  workerDeno: string;
  seed: number;
}

/** A reader whose story has not begun yet. */
export interface Teller extends Reader {
  /** Of its user. */
  token: string;
  /** Begins it; a Violation where it is refused. */
  tell(worker: Worker, fields?: Record<string, unknown>): Promise<void>;
  /** Asks a worker for its end; how it was answered. */
  cancel(worker: Worker): Promise<string>;
  /** One more client of the same user's. */
  another(): Reader;
}

/** What experiments work with. */
export interface Lab {
  quick: boolean;
  chance: Chance;
  server: Server;
  sql: Sql;
  provider: NumberedProvider;
  supabaseUrl: string;
  workerEnvironment: Record<string, string>;
  /** Rejects once a worker has ended by itself, or something broke that nobody waits for yet. */
  fallen: Promise<never>;
  worker(environment?: Record<string, string>): Promise<Worker>;
  workers(count: number, environment?: Record<string, string>): Promise<Worker[]>;
  /** A user with a bot of this plan, and a story of a new tag, which is its stream_id and its prompt. */
  teller(plan: Plan): Promise<Teller>;
  /** Says what goes on. */
  note(text: string): void;
  /** Ends the workers; a Violation where one has logged an error. */
  dismiss(workers: Worker[]): Promise<void>;
  /** A second call waits for the first. */
  close(): Promise<void>;
}

/** Starts everything but the workers. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const server = await openServer(options.database);
  const sql = postgres(server.url, {
    max: 6,
    onnotice: () => {},
    // A server that is back after a while is asked again at once.
    backoff: () => 0.2,
  });
  // Before anybody connects: the functions count their own calls.
  const [{ name }] = await sql`select current_database() as name`;
  await sql.unsafe(`alter database "${name}" set track_functions = 'all'`);
  const stack = await startDevStack(["--database", server.url]);
  const provider = startNumberedProvider();
  const fallen = Promise.withResolvers<never>();
  fallen.promise.catch(() => {});
  // What breaks before somebody waits for it ends the experiment, too, and the lab can still be closed.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fallen.reject(event.reason);
  });
  const all = new Set<Worker>();
  const run = crypto.randomUUID().slice(0, 6);
  let stories = 0;

  const workerEnvironment = {
    SUPABASE_URL: stack.url,
    SUPABASE_SECRET_KEY: stack.secret_key,
    RELAY_JWT_SECRET: stack.jwt_secret,
    RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
    // One limit would end every experiment at once: limits have tests of their own.
    RELAY_RATE_LIMIT_PER_MINUTE: "100000",
    RELAY_MAX_CONCURRENT: "100000",
  };
  const lab: Lab = {
    workerEnvironment,
    quick: options.quick,
    chance: createChance(options.seed),
    server,
    sql,
    provider,
    supabaseUrl: stack.url,
    fallen: fallen.promise,
    async worker(environment = {}) {
      const worker = await startWorker(options.workerDeno, { ...workerEnvironment, ...environment }, fallen.reject);
      all.add(worker);
      return worker;
    },
    workers: (count, environment) => Promise.all(Array.from({ length: count }, () => lab.worker(environment))),
    async teller(plan) {
      const person = await makePerson(sql, stack.jwt_secret, provider.url(plan));
      const tag = `s${run}${++stories}`;
      const reader = createReader(tag, person.token);
      // Not a copy: its getters are what changes.
      return Object.assign(Object.create(reader) as Reader, {
        token: person.token,
        async tell(worker: Worker, fields = {}) {
          const body = { prompt: tag, ...fields };
          const { status, code } = await reader.start(worker.url, body);
          must(status === 200, `stream ${tag} was refused: ${status} ${code}`);
        },
        cancel: async (worker: Worker) => {
          const answer = await fetch(`${worker.url}/cancel/${tag}`, {
            method: "POST",
            headers: { authorization: `Bearer ${person.token}` },
          });
          const { status, error } = await answer.json();
          return status ?? error.code;
        },
        another: () => createReader(tag, person.token),
      });
    },
    note: (text) => console.error(`  ${text}`),
    async dismiss(workers) {
      await Promise.all(workers.map(async (worker) => {
        if (worker.alive) await worker.stop();
        all.delete(worker);
        const error = worker.log().split("\n").find((line) => line.includes('"level":"error"'));
        must(!error, `A worker has logged an error: ${error}`);
      }));
    },
    close: () => closing ??= end(),
  };
  let closing: Promise<void> | undefined;
  async function end() {
    await Promise.all([...all].map((worker) => worker.alive && worker.kill()));
    // A Ctrl-C reaches the stack as well, which may be gone already.
    await stack.stop().catch((error) => lab.note(String(error)));
    await sql.end({ timeout: 2 });
    await Promise.race([provider.close(), sleep(2_000)]);
    await server.close();
  }
  return lab;
}
