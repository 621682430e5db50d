/** Starts programs, each on its core, and reads what the operating system counts for them. */

/** The relay's own; all else has the first one. */
export const RELAY_CORE = 1;

/** A program that runs. */
export interface Running {
  pid: number;
  /** The first line on its stdout; rejects where it ends before one. */
  line: Promise<string>;
  /** SIGTERM, and SIGKILL where that is not enough. */
  stop(): Promise<void>;
}

/** Runs a program to its end; throws unless it succeeds. */
export async function run([command, ...args]: string[]): Promise<void> {
  const options = { args, stdin: "null", stdout: "null", stderr: "inherit" } as const;
  const { success, code } = await new Deno.Command(command, options).output();
  if (!success) throw new Error(`Cannot run "${command} ${args.join(" ")}": it ended with ${code}`);
}

/**
 * Has the threads of a process, but nothing that it starts, run before others on its core; false where this user may not
 * ask for that. No real-time priority: threads of a collector wait for each other, and without it would wait for ever.
 */
export async function prefer(pid: number): Promise<boolean> {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  try {
    await run(["chrt", "--all-tasks", "--reset-on-fork", "--other", "--pid", "0", String(pid)]);
    await run(["renice", "-n", "-10", "-p", ...threads]);
    return true;
  } catch {
    return false;
  }
}

/** Starts a program, and reads its output to the end, so that it never waits for a reader. */
export function start([command, ...args]: string[], env: Record<string, string> = {}): Running {
  const child = new Deno.Command(command, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const line = Promise.withResolvers<string>();
  line.promise.catch(() => {});
  let [said, log] = ["", ""];
  const read = Promise.all([
    collect(child.stdout, (text) => {
      if (said.includes("\n")) return;
      said += text;
      if (said.includes("\n")) line.resolve(said.split("\n")[0]);
    }),
    collect(child.stderr, (text) => log = (log + text).slice(-10_000)),
  ]);
  let alive = true;
  const ended = Promise.all([child.status, read]).then(([{ code }]) => {
    alive = false;
    line.reject(new Error(`Cannot start "${command} ${args.join(" ")}": it ended with ${code}:\n${log}`));
  });
  return {
    pid: child.pid,
    line: line.promise,
    async stop() {
      if (alive) child.kill("SIGTERM");
      const timer = setTimeout(() => alive && child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}

/** Settles once something listens on the port; rejects where the program ends, or takes longer than a minute. */
export async function listening(port: number, program: Running): Promise<void> {
  let ended: Error | undefined;
  program.line.catch((error) => ended = error);
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(20)) {
    if (ended) throw ended;
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      // It does not listen yet.
    }
  }
  throw new Error(`Cannot reach port ${port}: nothing listens after a minute`);
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}

/** Seconds of CPU, user and system, of a process and its living children. */
export function cpuOf(pid: number): number {
  let hundredths = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    const fields = statOf(name);
    if (name === String(pid) || fields[1] === String(pid)) hundredths += Number(fields[11]) + Number(fields[12]);
  }
  return hundredths / 100;
}

/** Seconds for which programs ran on a core, and for which the host did not let it run. */
function busyOf(core: number): number {
  const [user, nice, system, , , , , steal] = (new RegExp(`^cpu${core} (.*)$`, "m").exec(read("/proc/stat"))?.[1] ?? "")
    .split(" ").map(Number);
  return (user + nice + system + steal) / 100;
}

/** The fields of a process after its name, which may hold spaces itself: state, parent, and so on. */
export function statOf(pid: number | string): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Resident memory in MB. */
export function memoryOf(pid: number): number {
  return Number(/^Rss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]) / 1024;
}

/** Empty where the process has ended, and where it is no process. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** CPU, others' on the relay's core, and time, in seconds, from now until the call of what it gives. */
export function stopwatch(pid: number): () => { cpu: number; others: number; seconds: number } {
  const [cpu, busy, at] = [cpuOf(pid), busyOf(RELAY_CORE), performance.now()];
  return () => {
    const used = cpuOf(pid) - cpu;
    return { cpu: used, others: busyOf(RELAY_CORE) - busy - used, seconds: (performance.now() - at) / 1000 };
  };
}

/** Waits until a relay is idle: what it still does would be charged to what is measured next. */
export async function settled(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const stop = stopwatch(pid);
    await sleep(200);
    const { cpu, seconds } = stop();
    if (cpu / seconds < 0.06) return;
  }
}
