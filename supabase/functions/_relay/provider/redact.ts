/** Keeps a bot's secrets out of what is said and logged. */

/** A shorter run of a secret's characters may stand in any sentence. */
const MIN_RUN = 4;

/** The key as it is sent: people paste it with white space, or with the scheme before it. */
export function bareKey(accessKey: string | null): string | null {
  return accessKey?.trim().replace(/^bearer(?:\s+|$)/i, "").trim() || null;
}

/** A shorter value of a header is a word, a number or a flag, which any sentence may have. */
const MIN_HEADER_SECRET = 8;

/** A header's value without its scheme, and what a list or an object in it holds; an address is no secret. */
function secretsInHeader(value: string): string[] {
  if (/^https?:/i.test(value)) return [];
  const bare = value.replace(/^[a-z]+\s+/i, "");
  return [bare, ...bare.match(/[\w.+/=-]{12,}/g) ?? []].filter((secret) => secret.length >= MIN_HEADER_SECRET);
}

/** A key in the other forms that providers quote: without its prefix, such as `sk-proj-`, and as in a URL. */
function formsOf(key: string): string[] {
  const bare = key.replace(/^(?:[a-z][a-z0-9]{0,5}[-_])+/i, "");
  return [key, encodeURIComponent(key), ...bare.length >= 2 * MIN_RUN ? [bare] : []];
}

/** The secrets of a call: its key, the values of its headers, and those of its URL's query. */
export function secretsOf(accessKey: string | null, headers: Record<string, string>, url?: URL): string[] {
  const values = Object.values(headers).flatMap(secretsInHeader);
  const query = [...url?.searchParams.values() ?? []].filter((value) => value.length >= 16);
  const key = bareKey(accessKey);
  return [accessKey?.trim() ?? "", ...key === null ? [] : formsOf(key), ...values, ...query].filter((secret) =>
    secret !== ""
  );
}

/** Replaces each secret, and each run of four or more characters that a secret begins or ends with: providers quote these. */
export function withoutSecrets(text: string, secrets: string[]): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, "[key]");
  for (const secret of secrets) {
    if (secret.length > MIN_RUN) clean = withoutEnds(clean, secret);
  }
  return clean;
}

function withoutEnds(text: string, secret: string): string {
  const first = secret.slice(0, MIN_RUN);
  const last = secret.slice(-MIN_RUN);
  if (!text.includes(first) && !text.includes(last)) return text;
  let clean = "";
  for (let at = 0; at < text.length;) {
    const length = runAt(text, at, secret);
    clean += length === 0 ? text[at] : "[key]";
    at += Math.max(length, 1);
  }
  return clean;
}

/** How many characters from `at` on are a beginning or an end of the secret; the longest such run counts. */
function runAt(text: string, at: number, secret: string): number {
  let length = 0;
  while (length < secret.length && text[at + length] === secret[length]) length++;
  if (length >= MIN_RUN) return length;
  for (let from = 1; from <= secret.length - MIN_RUN; from++) {
    if (text.startsWith(secret.slice(from), at)) return secret.length - from;
  }
  return 0;
}
