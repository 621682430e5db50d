/**
 * Packed databases for PGlite, among the Supabase CLI's temporary files. To make one in WebAssembly takes seconds, to
 * unpack one a fraction of a second, so the first start leaves it for all later ones.
 */

import { fileURLToPath } from "node:url";

const FOLDER = new URL("../supabase/.temp/", import.meta.url);

/** The database of a kind that was made from exactly this text, if one was kept. */
export async function findCluster(kind: string, madeFrom: string): Promise<Blob | undefined> {
  try {
    const bytes = await Deno.readFile(new URL(await nameOf(kind, madeFrom), FOLDER));
    return new Blob([bytes], { type: "application/x-gzip" });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Keeps a database, and lets others of its kind go. A folder that cannot be written costs later starts their time. */
export async function keepCluster(kind: string, madeFrom: string, cluster: Blob): Promise<void> {
  try {
    await Deno.mkdir(FOLDER, { recursive: true });
    const name = await nameOf(kind, madeFrom);
    const unfinished = await Deno.makeTempFile({ dir: fileURLToPath(FOLDER), prefix: "unfinished-" });
    await Deno.writeFile(unfinished, new Uint8Array(await cluster.arrayBuffer()));
    // Whole or not at all: another start may be reading.
    await Deno.rename(unfinished, new URL(name, FOLDER));
    for (const other of Deno.readDirSync(FOLDER)) {
      if (other.name.startsWith(`pglite-${kind}-`) && other.name !== name) {
        await Deno.remove(new URL(other.name, FOLDER));
      }
    }
  } catch {
    return;
  }
}

// The text may be the same with another PGlite, or with another lite, and the database not.
async function nameOf(kind: string, madeFrom: string): Promise<string> {
  const versions = await Deno.readTextFile(new URL("../import_map.json", import.meta.url));
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(versions + madeFrom)));
  const hash = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `pglite-${kind}-${hash}.tar.gz`;
}
