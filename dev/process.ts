/** Settles at the first SIGINT or SIGTERM; a second one then ends the process at once. */
export function untilStopped(): Promise<void> {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    const stop = () => {
      for (const signal of signals) Deno.removeSignalListener(signal, stop);
      resolve();
    };
    for (const signal of signals) Deno.addSignalListener(signal, stop);
  });
}

/** Writes all of a text to stdout before it returns. */
export function print(text: string): void {
  write(Deno.stdout, text);
}

/** Writes a line for people to stderr, whatever became of the console. */
export function note(line: string): void {
  write(Deno.stderr, line + "\n");
}

function write(to: typeof Deno.stderr | typeof Deno.stdout, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}

/** Ends the process with an error message for people. */
export function fail(error: unknown, code: number): never {
  note(error instanceof Error ? error.message : String(error));
  Deno.exit(code);
}
