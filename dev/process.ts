/** What a command does with its process: signals, the log, stdout and stderr, the exit code. */

/** A signal to the whole process group comes twice: once by itself, once from `deno task`, which passes its own on. */
const SAME_STOP_MS = 1_000;

/** Settles at the first SIGINT or SIGTERM; one that comes a second later or more ends the process at once. */
export function untilStopped(): Promise<void> {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    let isStopped = false;
    function stop() {
      resolve();
      if (isStopped) return;
      isStopped = true;
      const release = () => signals.forEach((signal) => Deno.removeSignalListener(signal, stop));
      Deno.unrefTimer(setTimeout(release, SAME_STOP_MS));
    }
    for (const signal of signals) Deno.addSignalListener(signal, stop);
  });
}

/** Writes all of a text to stdout before it returns. */
export function print(text: string): void {
  write(Deno.stdout, text);
}

/** Writes a line for people to stderr, even where the console is redirected. */
export function note(line: string): void {
  write(Deno.stderr, line + "\n");
}

function write(to: typeof Deno.stderr | typeof Deno.stdout, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
  } catch (error) {
    // A reader that has gone, such as `head`, is no fault: a server that failed for it would never hear its signals.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Ends the process with an error message for people. */
export function fail(error: unknown, code: number): never {
  note(error instanceof Error ? error.message : String(error));
  Deno.exit(code);
}

/** Sends the log of the stack to stderr: stdout is for the answer alone. */
export function logToStderr(): void {
  const write = console.error;
  redirectLog((line) => write(...line));
}

/** Holds the log of the stack back; the returned function writes it to stderr. */
export function holdLog(): () => void {
  const write = console.error;
  const held: unknown[][] = [];
  redirectLog((line) => held.push(line));
  return () => held.splice(0).forEach((line) => write(...line));
}

function redirectLog(write: (line: unknown[]) => void): void {
  const log = (...line: unknown[]) => write(line.map(withoutValues));
  console.log = console.info = log;
  console.debug = console.warn = console.error = log;
}

// lite logs each refused statement with all its values, which may be a prompt or a provider's key.
function withoutValues(value: unknown): unknown {
  if (!(value instanceof Error && "severity" in value && "code" in value)) return value;
  return `database: ${value.severity} ${value.code}: ${value.message}`;
}

/** Waits for something to end, but at most this long: the end of the process cuts off the rest. */
export async function atMost(ms: number, end: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([end, enough]);
  clearTimeout(timer);
}
