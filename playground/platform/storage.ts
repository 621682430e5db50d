/** Small values that survive a reload and are shared by the tabs of one browser. */

const PREFIX = "storytellr.";

/** Used where the browser refuses storage: a value then lives as long as the page. */
const memory = new Map<string, string>();

let isClosed = false;

/** Null where there is no value, or none that can be parsed. */
export function read<T>(name: string): T | null {
  try {
    return JSON.parse(memory.get(name) ?? localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/** From now on nothing is stored: the user has signed out, and the page is about to be loaded again. */
export function close(): void {
  isClosed = true;
}

/** Stores anything that JSON can represent. */
export function write(name: string, value: unknown): void {
  if (isClosed) return;
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(PREFIX + name, text);
    memory.delete(name);
  } catch {
    memory.set(name, text);
  }
}

/** Does nothing where there is no value. */
export function remove(name: string): void {
  memory.delete(name);
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // Storage is refused, so nothing is stored.
  }
}

/** The stored names with this prefix. */
export function names(prefix: string): string[] {
  const found = [...memory.keys()];
  try {
    const stored = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    found.push(...stored.map((key) => key.slice(PREFIX.length)));
  } catch {
    // Storage is refused: all values are in memory.
  }
  return found.filter((name) => name.startsWith(prefix));
}

/** Calls back when another tab changes a value. */
export function onOtherTab(changed: (name: string) => void): void {
  addEventListener("storage", ({ key }) => {
    if (key?.startsWith(PREFIX)) changed(key.slice(PREFIX.length));
  });
}
