/** Workers of a stack: `deno task serve` in processes of their own, as containers would run it. */
import { fileURLToPath } from "node:url";
import type { DevStack } from "./stack.ts";
import { METRICS_TOKEN } from "./target.ts";

const SERVE = fileURLToPath(new URL("../dev/serve.ts", import.meta.url));

/** Running workers. */
export interface Workers extends AsyncDisposable {
  /** The base URL of each one's functions. */
  urls: string[];
  /** What one of them has logged so far, or all of them. */
  log(index?: number): string;
  /** Ends one with SIGKILL, as a machine that is taken away does. */
  kill(index: number): Promise<void>;
  /** Ends one with SIGTERM, and throws unless it then ends by itself with exit code 0. */
  end(index: number): Promise<void>;
  /** Ends those that run with SIGTERM, and throws unless each then ends by itself with exit code 0. */
  stop(): Promise<void>;
}

/** Starts one worker for each Deno, with further variables for all or for each, and waits until all serve. */
export async function startWorkers(
  stack: DevStack,
  denos: string[] = [Deno.execPath(), Deno.execPath()],
  env: Record<string, string> | ((index: number) => Record<string, string>) = {},
): Promise<Workers> {
  const environment = typeof env === "function" ? env : () => env;
  const started = await Promise.allSettled(denos.map((deno, index) => startWorker(stack, deno, environment(index))));
  const workers = started.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= stopAll(workers);
  const failed = started.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    urls: workers.map(({ url }) => url),
    log: (index) =>
      workers.filter((_, place) => index === undefined || index === place).map((worker) => worker.log()).join(""),
    async kill(index) {
      workers[index].kill("SIGKILL");
      await workers.splice(index, 1)[0].ended;
    },
    end: (index) => stopAll(workers.splice(index, 1)),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Worker {
  url: string;
  log(): string;
  kill(signal: Deno.Signal): void;
  /** Settles once the process is gone and all of its output is read. */
  ended: Promise<number>;
}

async function startWorker(stack: DevStack, deno: string, env: Record<string, string>): Promise<Worker> {
  const child = new Deno.Command(deno, {
    args: ["run", "--quiet", "-A", "--no-lock", "--no-check", SERVE],
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      SUPABASE_URL: stack.url,
      SUPABASE_SECRET_KEY: stack.secret_key,
      RELAY_JWT_SECRET: stack.jwt_secret,
      RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
      RELAY_METRICS_TOKEN: METRICS_TOKEN,
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const announced = Promise.withResolvers<string | undefined>();
  let said = "";
  const read = Promise.all([
    collect(child.stderr, (text) => log += text),
    collect(child.stdout, (text) => {
      said += text;
      if (said.includes("\n")) announced.resolve(said.split("\n", 1)[0]);
    }).then(() => announced.resolve(undefined)),
  ]);
  const ended = Promise.all([child.status, read]).then(([{ code }]) => code);
  const line = await announced.promise;
  if (line === undefined) {
    throw new Error(`A worker ended with exit code ${await ended}:\n${log}`);
  }
  return { url: `${JSON.parse(line).url}/functions/v1`, log: () => log, kill: (signal) => child.kill(signal), ended };
}

async function stopAll(workers: Worker[]): Promise<void> {
  for (const worker of workers) worker.kill("SIGTERM");
  const codes = await Promise.all(workers.map(({ ended }) => ended));
  if (codes.every((code) => code === 0)) return;
  throw new Error(`The workers ended with the exit codes ${codes}:\n${workers.map((worker) => worker.log()).join("")}`);
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    add(text);
  }
}
