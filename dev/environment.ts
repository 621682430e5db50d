/**
 * Reads the variables of `deno task serve` and gives up the permission to read any. It is imported before everything
 * else, so no package ever sees one. The whole environment is read once because Deno lists names to nobody who may read
 * some of them alone, and a misspelled name can be found in no other way.
 */

const OWN = /^(PORT|HOST|MAX_CONNECTIONS|(SUPABASE|RELAY)_.*|(HTTPS|HTTP|ALL)_PROXY|(https|http|all)_proxy)$/;

/** The variables that the relay reads, and those whose names look like it. */
export const variables: Record<string, string> = Object.fromEntries(
  Object.entries(Deno.env.toObject()).filter(([name]) => OWN.test(name)),
);

Deno.permissions.revokeSync({ name: "env" });
