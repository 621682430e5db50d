/**
 * Reads the variables of `deno task serve` and gives up the permission to read any. It is imported before everything
 * else, so no package ever sees one. It reads the whole environment once: Deno lists the names only to a program that may
 * read all of them, and without the names no misspelled one can be found.
 */

const OWN = /^(PORT|HOST|MAX_CONNECTIONS|(SUPABASE|RELAY)_.*|(HTTPS|HTTP|ALL)_PROXY|(https|http|all)_proxy)$/;

/** The variables that the relay reads, and those whose names look like it. */
export const variables: Record<string, string> = Object.fromEntries(
  Object.entries(Deno.env.toObject()).filter(([name]) => OWN.test(name)),
);

Deno.permissions.revokeSync({ name: "env" });
