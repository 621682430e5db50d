import { fileURLToPath } from "node:url";

// Making a database cluster in WebAssembly takes seconds, unpacking one a fraction of a second. The first start
// therefore leaves a packed empty cluster beside the Supabase CLI's own temporary files, for all later starts.

const FOLDER = new URL("../supabase/.temp/", import.meta.url);

/** Gives the packed empty cluster of an earlier start, if there is one. */
export async function emptyCluster(): Promise<Blob | undefined> {
  try {
    const bytes = await Deno.readFile(await path());
    return new Blob([bytes], { type: "application/x-gzip" });
  } catch {
    return undefined;
  }
}

/** Keeps a packed empty cluster; a folder that cannot be written only costs the later starts their time. */
export async function keepCluster(cluster: Blob): Promise<void> {
  try {
    await Deno.mkdir(FOLDER, { recursive: true });
    const unfinished = await Deno.makeTempFile({ dir: fileURLToPath(FOLDER), prefix: "pglite-" });
    await Deno.writeFile(unfinished, new Uint8Array(await cluster.arrayBuffer()));
    // Whole or not at all: another start may be reading.
    await Deno.rename(unfinished, await path());
  } catch {
    return;
  }
}

// The name holds PGlite's version, as a cluster of another version may not be readable.
async function path(): Promise<URL> {
  const map = JSON.parse(await Deno.readTextFile(new URL("../import_map.json", import.meta.url)));
  const version = String(map.imports["@electric-sql/pglite"]).split("@").at(-1);
  return new URL(`pglite-${version}.tar.gz`, FOLDER);
}
