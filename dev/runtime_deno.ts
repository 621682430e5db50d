/** Finds the Deno that Supabase's edge runtime embeds: what is deployed must run on it, too. */

import { tmpdir } from "node:os";

/** The version of the edge runtime. */
export const RUNTIME_DENO = "2.1.4";

/** Where its path may stand already, because to ask npx takes a second. */
export const RUNTIME_DENO_VARIABLE = "RELAY_TEST_RUNTIME_DENO";

/**
 * The path of its binary; null where npx cannot bring it. The binary itself, because npx and npm's launcher would stand
 * between it and a signal, and leave it behind.
 */
export async function runtimeDeno(): Promise<string | null> {
  const known = Deno.env.get(RUNTIME_DENO_VARIABLE);
  if (known !== undefined) return known;
  try {
    const { success, stdout } = await new Deno.Command("npx", {
      args: ["-y", `deno@${RUNTIME_DENO}`, "eval", "console.log(Deno.execPath())"],
      // In the repository it would meet a lock file that it cannot read.
      cwd: tmpdir(),
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw cause;
  }
}
