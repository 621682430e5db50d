/** Workers of the relay: `serve` processes that can be killed, frozen and weighed. */

import { fileURLToPath } from "node:url";
import { Violation, within } from "./experiment.ts";

const SERVE = fileURLToPath(new URL("../../dev/serve.ts", import.meta.url));

/** One process. */
export interface Worker {
  url: string;
  pid: number;
  /** False from the moment on at which somebody signalled its end. */
  alive: boolean;
  /** SIGKILL: the process gets no chance to do anything. */
  kill(): Promise<void>;
  /** SIGTERM; throws unless it then ends by itself with exit code 0. */
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Resident memory and the most it has ever been since `forgetPeak`, in bytes. */
  memory(): { now: number; peak: number };
  forgetPeak(): void;
  /** Seconds of CPU since it started. */
  cpu(): number;
  log(): string;
}

/** Starts `serve` on a free port, and waits until it listens; `onFall` hears of a process that ends by itself. */
export async function startWorker(
  deno: string,
  environment: Record<string, string>,
  onFall: (error: Error) => void,
): Promise<Worker> {
  const child = new Deno.Command(deno, {
    args: ["run", "--quiet", "-A", "--no-lock", SERVE],
    env: { HOST: "127.0.0.1", PORT: "0", NO_COLOR: "1", ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const logged = { text: "" };
  void collect(child.stderr, logged);
  const said = { text: "" };
  const listening = Promise.withResolvers<void>();
  void collect(child.stdout, said, () => {
    if (said.text.includes("\n")) listening.resolve();
  });
  await within(
    60_000,
    "The start of a worker",
    Promise.race([
      listening.promise,
      child.status.then(({ code }) => {
        throw new Error(`A worker ended at its start with code ${code}:\n${logged.text}`);
      }),
    ]),
  );
  const log = () => said.text.slice(said.text.indexOf("\n") + 1) + logged.text;
  const worker: Worker = {
    url: JSON.parse(said.text.split("\n")[0]).url,
    pid: child.pid,
    alive: true,
    async kill() {
      worker.alive = false;
      child.kill("SIGKILL");
      await child.status;
    },
    async stop() {
      worker.alive = false;
      child.kill("SIGTERM");
      const { code } = await within(30_000, "A worker's end", child.status);
      if (code !== 0) {
        throw new Error(`A worker ended with code ${code}:\n${log()}`);
      }
    },
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    memory: () => memoryOf(child.pid),
    forgetPeak: () => Deno.writeTextFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    cpu: () => cpuOf(child.pid),
    log,
  };
  // A worker that dies on its own is what no experiment may overlook.
  child.status.then(({ code, signal }) => {
    if (!worker.alive) return;
    worker.alive = false;
    onFall(new Violation(`A worker ended by itself, code ${code}, signal ${signal}:\n${log()}`));
  });
  return worker;
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  into: { text: string },
  onMore = () => {},
) {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    into.text += text;
    onMore();
  }
}

function memoryOf(pid: number): { now: number; peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** The fields behind the program's name, which may hold spaces itself: user and system time, in hundredths of a second. */
function cpuOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
