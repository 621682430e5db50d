/** Asks the runtime's resolver for a host's addresses. */

/** Gives all IPv4 and IPv6 addresses of a name, none if it has none; rejects if the resolver fails. */
export type ResolveDns = (host: string, signal: AbortSignal) => Promise<string[]>;

/**
 * The name is asked without a dot at its end, so that a search list of the machine applies here as it will
 * when `fetch` resolves the name again.
 */
export const resolveDns: ResolveDns = async (host, signal) => {
  const answers = await Promise.all([lookUp(host, "A", signal), lookUp(host, "AAAA", signal)]);
  return answers.flat();
};

async function lookUp(host: string, type: "A" | "AAAA", signal: AbortSignal): Promise<string[]> {
  try {
    return await Deno.resolveDns(host, type, { signal });
  } catch (error) {
    // A name with records of the other kind alone is no failure.
    if (error instanceof Error && error.name === "NotFound") return [];
    throw error;
  }
}
