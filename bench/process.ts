/** Starts programs of the bench, and ends them. */

/** How to start one. */
export interface Start {
  command: string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** A program that runs. */
export interface Running {
  pid: number;
  /** The first line on its stdout; rejects where it ends before one. */
  line: Promise<string>;
  /** What it wrote to stderr, the end of it. */
  log(): string;
  /** SIGTERM to the program alone, and SIGKILL where it does not go. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 5_000;

/** Its stdout is read to the end, so that it never waits for a reader. */
export function start({ command: [command, ...args], env, cwd }: Start): Running {
  const child = new Deno.Command(command, { args, env, cwd, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  let said = "";
  let log = "";
  const line = Promise.withResolvers<string>();
  line.promise.catch(() => {});
  void collect(child.stderr, (text) => log = (log + text).slice(-10_000));
  void collect(child.stdout, (text) => {
    if (said.includes("\n")) return;
    said += text;
    if (said.includes("\n")) line.resolve(said.split("\n")[0]);
  });
  const ended = child.status.then(({ code }) =>
    line.reject(new Error(`Cannot start "${command}": it ended with ${code}:\n${log}`))
  );
  return {
    pid: child.pid,
    line: line.promise,
    log: () => log,
    async stop() {
      signal("SIGTERM");
      const timer = setTimeout(() => signal("SIGKILL"), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
  function signal(name: Deno.Signal) {
    try {
      child.kill(name);
    } catch {
      // It is gone.
    }
  }
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    add(text);
  }
}

/** Settles once something listens there; rejects with what the program wrote where that takes too long. */
export async function listening(port: number, program: Running, patienceMs = 60_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let gone: Error | undefined;
  program.line.catch((error) => gone = error);
  for (;;) {
    if (gone) throw gone;
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (cause) {
      if (performance.now() > deadline) {
        throw new Error(
          `Cannot reach port ${port}: nothing listens after ${patienceMs} ms:\n${program.log()}`,
          { cause },
        );
      }
      await sleep(20);
    }
  }
}

/** A port that nobody listens at just now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}
