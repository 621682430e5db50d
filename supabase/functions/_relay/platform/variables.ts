/** Finds variables that look like the relay's but are not: a misspelled limit would have no effect. */

/** How many characters may be wrong, missing, additional or swapped with the next one. */
const MAX_MISTAKES = 2;

/**
 * Variables with another reader: the tests, `deno task story`, and Kubernetes, which gives every container in a cluster the
 * variables of a service that is called "relay".
 */
const FOREIGN = /^RELAY_(TEST_.*|URL|TOKEN|SERVICE_(HOST|PORT).*|PORT|PORT_\d+_.*)$/;

/** The names of all variables that this process may read, without their values; empty if it may not list them. */
export function visibleVariables(): string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch {
    return [];
  }
}

/** One sentence for each variable whose name begins with RELAY_ and is not among the known ones. */
export function unknownVariables(names: Iterable<string>, known: Iterable<string>): string[] {
  const all = [...known];
  const unknown = [...names].filter((name) => /^RELAY_/i.test(name) && !all.includes(name) && !FOREIGN.test(name));
  return unknown.sort().map((name) => {
    const meant = nearest(name.toUpperCase(), all);
    return `${name} is not known${meant === undefined ? "" : `, did you mean ${meant}?`}`;
  });
}

function nearest(name: string, known: string[]): string | undefined {
  const longer = known.find((other) => other === name || other.startsWith(`${name}_`));
  if (longer !== undefined) return longer;
  const [best] = known.map((other) => ({ other, count: mistakes(name, other) })).sort((a, b) => a.count - b.count);
  return best !== undefined && best.count <= MAX_MISTAKES ? best.other : undefined;
}

/** The optimal string alignment distance; above the maximum it is not exact. */
function mistakes(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_MISTAKES) return MAX_MISTAKES + 1;
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1));
      if (isSwapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}
