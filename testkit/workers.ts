/** Workers: `deno task serve` in processes of their own, as containers run it; they can be killed, frozen, weighed. */

import { fileURLToPath } from "node:url";
import { RUNTIME_DENO, runtimeDeno } from "../dev/runtime_deno.ts";
import { skip } from "./skipped.ts";
import { METRICS_TOKEN } from "./metrics.ts";

const SERVE = fileURLToPath(new URL("../dev/serve.ts", import.meta.url));

/** The flags of `deno task serve`, so that workers may do here what they may do there. */
const SERVE_FLAGS: string[] = Deno.readTextFileSync(new URL("../deno.json", import.meta.url))
  .match(/"serve": "deno run (.*) dev\/serve\.ts"/)![1].replaceAll("'", "").split(" ");

/** An executable of Deno. */
export interface Runtime {
  name: string;
  path: string;
}

/** The Deno that runs the tests. */
export const THIS_DENO: Runtime = { name: `Deno ${Deno.version.deno}`, path: Deno.execPath() };

/** This Deno and the edge runtime's; if npx cannot bring that one, what is tested on it is skipped. */
export async function findRuntimes(what: string): Promise<Runtime[]> {
  const path = await runtimeDeno();
  const name = `Deno ${RUNTIME_DENO}`;
  if (path !== null) return [THIS_DENO, { name, path }];
  skip(`${what} on ${name}: npx cannot bring it`);
  return [THIS_DENO];
}

/** One process. */
export interface Worker {
  /** The functions' base URL. */
  url: string;
  pid: number;
  /** False once its end was asked for, or it has ended by itself. */
  readonly alive: boolean;
  /** What it has logged so far. */
  log(): string;
  /** Its log lines, parsed; what is no JSON is for people. */
  lines(): Record<string, unknown>[];
  /** Ends it with SIGKILL, as a machine that is taken away does. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM, and throws unless it then ends by itself with exit code 0; nothing if it has ended. */
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** The most resident memory since `forgetPeak`, in bytes. */
  peakMemory(): number;
  forgetPeak(): void;
  /** Seconds of CPU since it started. */
  cpu(): number;
}

/** What a worker needs to know of its Supabase. */
export interface Supabase {
  url: string;
  secret_key: string;
  jwt_secret: string;
}

/** How to start a worker. */
export interface WorkerOptions {
  runtime?: Runtime;
  /** In place of the stack's own, such as a proxy's. */
  supabaseUrl?: string;
  /** Hears of a worker that ended although nothing had asked it to. */
  onFall?: (error: Error) => void;
}

/** Starts a worker that may call providers on loopback, and waits until it serves. */
export async function startWorker(
  supabase: Supabase,
  env: Record<string, string> = {},
  { runtime = THIS_DENO, supabaseUrl = supabase.url, onFall }: WorkerOptions = {},
): Promise<Worker> {
  const child = new Deno.Command(runtime.path, {
    // Deno 2.1.4 cannot read this lock file, and knows no patterns of variables.
    args: ["run", "--quiet", ...runtime === THIS_DENO ? SERVE_FLAGS : ["-A", "--no-lock"], "--no-check", SERVE],
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      NO_COLOR: "1",
      SUPABASE_URL: supabaseUrl,
      SUPABASE_SECRET_KEY: supabase.secret_key,
      RELAY_JWT_SECRET: supabase.jwt_secret,
      RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
      RELAY_METRICS_TOKEN: METRICS_TOKEN,
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let [said, log] = ["", ""];
  const announced = Promise.withResolvers<void>();
  const read = Promise.all([
    collect(child.stderr, (text) => log += text),
    collect(child.stdout, (text) => {
      said += text;
      if (said.includes("\n")) announced.resolve();
    }).then(announced.resolve),
  ]);
  const ended = Promise.all([child.status, read]).then(([status]) => status);
  await announced.promise;
  if (!said.includes("\n")) throw new Error(`A worker ended with exit code ${(await ended).code}:\n${log}`);

  let alive = true;
  let stopped: Promise<void> | undefined;
  ended.then(({ code, signal }) => {
    if (!alive) return;
    alive = false;
    onFall?.(new Error(`A worker ended by itself, code ${code}, signal ${signal}:\n${log}`));
  });
  async function stop() {
    if (!alive) return;
    alive = false;
    child.kill("SIGTERM");
    const { code } = await ended;
    if (code !== 0) throw new Error(`A worker ended with exit code ${code}:\n${log}`);
  }
  return {
    url: `${JSON.parse(said.split("\n", 1)[0]).url}/functions/v1`,
    pid: child.pid,
    get alive() {
      return alive;
    },
    log: () => log,
    lines: () => log.split("\n").filter((line) => /^\{.*\}$/.test(line)).map((line) => JSON.parse(line)),
    async kill() {
      alive = false;
      child.kill("SIGKILL");
      await ended;
    },
    stop: () => stopped ??= stop(),
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    peakMemory: () => peakMemoryOf(child.pid),
    forgetPeak: () => Deno.writeTextFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    cpu: () => cpuOf(child.pid),
  };
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}

function peakMemoryOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** User and system time, in hundredths of a second, stand behind the program's name, which may hold spaces. */
function cpuOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
