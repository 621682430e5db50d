/** The keys of an embedded stack. */

/** What a client, a server and the functions show to each other. */
export interface Keys {
  publishable_key: string;
  secret_key: string;
  jwt_secret: string;
}

/** Makes keys in the form that the platform gives out. */
export function newKeys(): Keys {
  return {
    publishable_key: `sb_publishable_${random(24)}`,
    secret_key: `sb_secret_${random(24)}`,
    jwt_secret: random(48),
  };
}

/** Gives the keys that belong to a data folder, so that a token outlives a restart. */
export async function keptKeys(folder: string): Promise<Keys> {
  const path = `${folder}/keys.json`;
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Error(`Cannot read the keys in "${path}": ${(error as Error).message}`, { cause: error });
    }
  }
  const keys = newKeys();
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(path, JSON.stringify(keys, null, 2) + "\n", { mode: 0o600 });
  return keys;
}

function random(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...values)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
