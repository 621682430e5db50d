/** Small values that outlive a reload and are shared by the tabs of one browser. */

const PREFIX = "storytellr.";

/** In place of a storage that the browser refuses: then a value lives as long as the page. */
const memory = new Map<string, string>();

/** Null where there is nothing, or nothing that can be read. */
export function read<T>(name: string): T | null {
  try {
    return JSON.parse(memory.get(name) ?? localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/** Keeps anything that JSON can hold. */
export function write(name: string, value: unknown): void {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(PREFIX + name, text);
  } catch {
    memory.set(name, text);
  }
}

/** What is not there is gone already. */
export function remove(name: string): void {
  memory.delete(name);
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // Refused: then it was never there.
  }
}

/** The names that begin so. */
export function names(beginning: string): string[] {
  const found = [...memory.keys()];
  try {
    found.push(
      ...Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)),
    );
  } catch {
    // Refused: what there is, is in memory.
  }
  return found.filter((name) => name.startsWith(beginning));
}

/** Tells what other tabs change. */
export function onOtherTab(changed: (name: string) => void): void {
  addEventListener("storage", ({ key }) => {
    if (key?.startsWith(PREFIX)) changed(key.slice(PREFIX.length));
  });
}
