/** Bundles an entry as a page or Node would get it. */

import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The code of an entry with everything that it imports, as one ES module. */
export async function bundle(entry: string, flags: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--no-lock", "--platform=browser", ...flags, entry],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (code === 0) return new TextDecoder().decode(stdout);
  throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
}
