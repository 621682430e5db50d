/** Sends to stderr whatever the parts of the stack log: stdout is for the answer alone. */
export function logToStderr(): void {
  const write = console.error;
  redirect((line) => write(...line));
}

/** Keeps back whatever the parts of the stack log; the returned function writes it to stderr. */
export function holdLog(): () => void {
  const write = console.error;
  const held: unknown[][] = [];
  redirect((line) => held.push(line));
  return () => held.splice(0).forEach((line) => write(...line));
}

function redirect(write: (line: unknown[]) => void): void {
  const log = (...line: unknown[]) => write(line.map(withoutValues));
  console.log = console.info = log;
  console.debug = console.warn = console.error = log;
}

// lite logs each refused statement with all its values, which may be a story or a provider's key.
function withoutValues(value: unknown): unknown {
  if (!(value instanceof Error && "severity" in value && "code" in value)) {
    return value;
  }
  return `database: ${value.severity} ${value.code}: ${value.message}`;
}
