/** Finds the Deno that Deno's relays run on. */

import { RUNTIME_DENO, runtimeDeno } from "../dev/runtime_deno.ts";

/** This one unless a version is asked for, which is the edge runtime's. */
export async function denoOf(version: string | undefined): Promise<string> {
  if (version === undefined || version === Deno.version.deno) {
    return Deno.execPath();
  }
  const deno = version === RUNTIME_DENO ? await runtimeDeno() : null;
  if (deno) return deno;
  throw new Error(
    `Cannot start: there is no Deno ${version}, only ${Deno.version.deno} and, where npx brings it, ${RUNTIME_DENO}`,
  );
}
