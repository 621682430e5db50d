/** What the races of processes have in common: two workers over one Postgres, and many requests at once. */
import { type Author, givenAuthor, waits } from "../contract/scenario.ts";
import { type FaultProxy, startFaultProxy } from "../../testkit/proxy.ts";
import { query } from "../../testkit/postgres.ts";
import type { ProviderCall } from "../../testkit/provider.ts";
import { skip } from "../../testkit/skipped.ts";
import { ENVIRONMENT, type Stage, startWorkerStage, targetOf } from "../../testkit/stage.ts";
import { post, readStory, type StoryEvent, type StoryStream } from "../../testkit/reader.ts";
import type { Target, TestUser } from "../../testkit/target.ts";
import { startWorkers, type Workers } from "../../testkit/workers.ts";

/** What a race is given; its two workers are its own. */
export interface Arena extends Pick<Stage, "provider"> {
  workers: Workers;
  target: Target;
  /** Between the first worker and its Supabase. */
  proxy: FaultProxy;
  /** Asks the database itself, about one value. */
  look<Row extends object>(text: string, value: string): Promise<Row[]>;
}

/** A race, and the limits that its workers are given. */
export interface Race {
  title: string;
  env: Record<string, string>;
  run(arena: Arena): Promise<void>;
}

/** Registers a test for each race; where there is no Postgres it says so. */
export function registerWorkerRaces(races: Race[]): void {
  if (!Deno.env.get("RELAY_TEST_DATABASE_URL")) {
    return skip("races of two workers: RELAY_TEST_DATABASE_URL is not set");
  }
  let stage: Stage | undefined;
  Deno.test.beforeAll(async () => {
    stage = await startWorkerStage([]);
  });
  // What a test that ran out of time has left behind would keep the stage from ending.
  const started: Workers[] = [];
  Deno.test.afterAll(async () => {
    for (const workers of started) await workers.stop();
    await stage?.stop();
  });
  for (const { title: name, env, run } of races) {
    Deno.test({
      name,
      timeout: 60_000,
      async fn() {
        const { stack, provider, databaseUrl } = stage!;
        const proxy = startFaultProxy(stack.url);
        // Disposed last of all, for whoever asks goes before whom they ask.
        await using _ = { [Symbol.asyncDispose]: () => proxy.close() };
        await using workers = await startWorkers(
          stack,
          undefined,
          (index) => ({ ...ENVIRONMENT, ...env, ...(index === 0 ? { SUPABASE_URL: proxy.url } : {}) }),
        );
        started.push(workers);
        await run({
          provider,
          workers,
          proxy,
          target: targetOf(stack, workers),
          look: (text, value) => query(databaseUrl!, text, [value]),
        });
      },
    });
  }
}

/** Sends all starts at once, to the workers in turn. */
export async function startAtOnce(target: Target, count: number, start: (index: number) => [TestUser, unknown]) {
  const responses = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const [user, body] = start(index);
      return post(`${target.workers[index % 2]}/stream`, user.token, body);
    }),
  );
  return {
    admitted: responses.filter(({ status }) => status === 200),
    refusals: responses.filter(({ status }) => status !== 200),
  };
}

/** A generation amid its text, and everybody who has to do with it. */
export interface Running {
  author: Author;
  stream_id: string;
  stream: StoryStream;
  seen: StoryEvent[];
  call: ProviderCall;
}

/** A generation on the first worker that has said "Once" and goes on saying nothing. */
export async function givenRunning(
  { provider, target }: Arena,
  fields: Record<string, unknown> = {},
): Promise<Running> {
  const author: Author = await givenAuthor(target, provider, waits);
  const stream_id = crypto.randomUUID();
  const stream = readStory(
    await post(`${target.workers[0]}/stream`, author.user.token, { prompt: "x", stream_id, ...fields }),
  );
  const call = await provider.called(author.baseUrl);
  await call.token("Once");
  return { author, stream_id, stream, call, seen: await stream.until("token") };
}

/** The user's generations, as the database has them. */
export function generationsOf({ look }: Arena, user: TestUser) {
  return look<{ stream_id: string; user_id: string; status: string }>(
    "select stream_id, user_id, status from relay.generations where user_id = $1",
    user.id,
  );
}

/** Makes the lease of a generation run out, as if its worker had been silent for longer than that. */
export async function expire({ look }: Arena, stream_id: string) {
  await look(
    "update relay.generations set lease_expires_at = now() - interval '1 second' where stream_id = $1",
    stream_id,
  );
}
