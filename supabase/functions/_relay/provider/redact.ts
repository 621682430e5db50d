/** Keeps a bot's secrets out of messages and log lines, in the forms in which providers quote them. */

/** A shorter run of a secret's characters may stand in any sentence. */
const MIN_RUN = 4;

/**
 * A shorter run from within a key counts only in the key's own upper and lower case: a word may have the same letters.
 */
const MIN_FOLDED_RUN = 8;

/** A shorter value of a header is a word, a number or a flag, which any sentence may have. */
const MIN_HEADER_SECRET = 8;

/** A header, or a field of a URL's query, that holds a key. */
const NAME_OF_KEY = /key|token|secret|sig|auth|cookie/i;

/** What many keys begin with, such as `sk-ant-api03-`: it is public, and looks like words. */
const PUBLIC_PREFIX = /^(?:[a-z]{1,8}\d{0,2}[-_]){1,3}/;

/** The key as it is sent and searched for: people paste it with white space, or with the scheme before it. */
export function bareKey(accessKey: string | null): string | null {
  return accessKey?.trim().replace(/^bearer(?:\s+|$)/i, "").trim() || null;
}

/** What is cut out of every text of a call. */
interface Known {
  /** Secrets in lower case, without white space: each run that one begins or ends with counts. */
  ends: string[];
  /** The runs of `MIN_RUN` units in keys, in their own case. */
  exact: Set<string>;
  /** The runs of `MIN_FOLDED_RUN` units in keys, in lower case; also of the keys in base64. */
  folded: Set<string>;
}

/** Makes it once, when it is needed; null: the call has no secret. */
export type Secrets = () => Known | null;

/**
 * The secrets of a call: its key, the values of its headers, and those of its URL's query. They are computed for the
 * first text that is searched: before the first token there is no time for it, and most answers never need them.
 */
export function secretsOf(accessKey: string | null, headers: Record<string, string>, url?: URL): Secrets {
  let made: Known | null | undefined;
  return () => {
    if (made === undefined) made = makeSecrets(accessKey, headers, url);
    return made;
  };
}

function makeSecrets(accessKey: string | null, headers: Record<string, string>, url?: URL): Known | null {
  const key = bareKey(accessKey);
  const inUrl = [...url?.searchParams ?? []].filter(([, value]) => value.length >= 16);
  const inHeaders = Object.entries(headers).flatMap(([name, value]) =>
    secretsInHeader(value).map((secret) => [name, secret])
  );
  const named = [...inUrl, ...inHeaders];
  // Gemini, Azure and others take the key in the address, gateways in headers of their own.
  const keys = [key ?? "", ...named.filter(([name]) => NAME_OF_KEY.test(name)).map(([, value]) => value)]
    .map((key) => key.replaceAll(/\s/g, "")).filter((key) => key !== "");
  const forms = keys.flatMap((key) => [...formsOf(key), ...key.length >= MIN_FOLDED_RUN ? encodedFormsOf(key) : []]);
  const ends = [...forms, ...named.map(([, value]) => value)].map(folded).filter((text) => text !== "");
  if (ends.length === 0) return null;
  return {
    ends: [...new Set(ends)],
    exact: new Set(keys.flatMap((key) => partsOf(key, MIN_RUN, privateFrom(key)))),
    folded: new Set(forms.flatMap((form) => partsOf(folded(form), MIN_FOLDED_RUN))),
  };
}

function folded(text: string): string {
  return text.replaceAll(/\s/g, "").toLowerCase();
}

/** Where the first run of `MIN_RUN` units begins that reaches beyond the prefix. */
function privateFrom(key: string): number {
  const prefix = key.match(PUBLIC_PREFIX)?.[0].length ?? 0;
  return Math.max(prefix - MIN_RUN + 1, 0);
}

function partsOf(text: string, units: number, from = 0): string[] {
  const count = Math.max(text.length - units + 1 - from, 0);
  return Array.from({ length: count }, (_, at) => text.slice(from + at, from + at + units));
}

/** A header's value without its scheme, and what a list or an object in it holds; an address is no secret. */
function secretsInHeader(value: string): string[] {
  if (/^https?:/i.test(value)) return [];
  const bare = value.trim().replace(/^[a-z]+\s+/i, "");
  return [bare, ...bare.match(/[\w.+/=-]{12,}/g) ?? []].filter((secret) => secret.length >= MIN_HEADER_SECRET);
}

/** Also without its prefix, such as `sk-proj-`, which many keys have. */
function formsOf(key: string): string[] {
  const bare = key.replace(/^(?:[a-z][a-z0-9]{0,5}[-_])+/i, "");
  return [key, ...bare.length >= 2 * MIN_RUN && bare !== key ? [bare] : []];
}

/**
 * The key in base64, for each of the three places in a group of bytes where it may begin; without characters that
 * depend on its neighbours.
 */
function encodedFormsOf(key: string): string[] {
  const form = (before: string) => {
    const encoded = btoa(before + key).replace(/=+$/, "");
    const start = before === "" ? 0 : before.length + 1;
    // The last character may have bits of the next byte.
    return encoded.slice(start, (before.length + key.length) % 3 === 0 ? undefined : -1);
  };
  if (!/^[\x20-\x7e]+$/.test(key)) return [];
  const forms = ["", "x", "xx"].map(form);
  return [...forms, ...forms.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))]
    .filter((text, index, all) => all.indexOf(text) === index);
}

/** A character as JSON, URLs or HTML escape it, once or twice; and characters that do not count. */
const WRITTEN = new RegExp(
  [
    String.raw`\\+u([0-9a-f]{4})`,
    String.raw`\\+u\{0*([0-9a-f]{1,6})\}`,
    String.raw`\\+x([0-9a-f]{2})`,
    String.raw`%(?:25)*([0-9a-f]{2})`,
    String.raw`&(?:amp;)*#x0*([0-9a-f]{1,6});?`,
    String.raw`&(?:amp;)*#0*([0-9]{1,7});?`,
    String.raw`&(?:amp;)*(amp|quot|lt|gt|sol|hyphen|dash|lowbar|period|colon|equals|plus);`,
    String.raw`(\\+[nrtbf]|[\s\0-\x1f\x7f\u00ad\u200b-\u200f\u2060]+|\\+)`,
  ].join("|"),
  "giy",
);

const NAMED: Record<string, string> = {
  amp: "&",
  quot: '"',
  lt: "<",
  gt: ">",
  sol: "/",
  hyphen: "-",
  dash: "-",
  lowbar: "_",
  period: ".",
  colon: ":",
  equals: "=",
  plus: "+",
};

/** A text as it is compared, and where each of its characters stands in the original. */
interface Plain {
  exact: string;
  /** In lower case. */
  text: string;
  starts: number[];
  ends: number[];
}

function plainOf(text: string): Plain {
  const plain: Plain = { exact: "", text: "", starts: [], ends: [] };
  for (let at = 0; at < text.length;) {
    WRITTEN.lastIndex = at;
    const found = WRITTEN.exec(text);
    const end = found === null ? at + 1 : at + found[0].length;
    for (const unit of found === null ? text[at] : writtenAs(found)) {
      // One unit each, whatever lower case makes of it.
      plain.exact += unit.slice(0, 1);
      plain.text += unit.toLowerCase().slice(0, 1);
      plain.starts.push(at);
      plain.ends.push(end);
    }
    at = end;
  }
  return plain;
}

function writtenAs([, json, brace, x, percent, hex, decimal, named]: RegExpExecArray): string {
  const code = json ?? brace ?? x ?? percent ?? hex;
  const number = code !== undefined ? parseInt(code, 16) : decimal !== undefined ? parseInt(decimal, 10) : null;
  if (number !== null) return number > 0x20 && number < 0xffff ? String.fromCharCode(number) : "";
  return named === undefined ? "" : NAMED[named.toLowerCase()];
}

/**
 * Replaces each run of four or more characters that a secret begins or ends with, in any case, and each from within a
 * key: from eight on in any case. White space between the characters does not count, and they are found as JSON, URLs,
 * HTML and base64 write them.
 */
export function withoutSecrets(text: string, secretsOfCall: Secrets): string {
  if (text === "") return text;
  const secrets = secretsOfCall();
  if (secrets === null) return text;
  const plain = plainOf(text);
  const isSecret = new Uint8Array(plain.text.length);
  for (const secret of secrets.ends) markEnds(plain.text, secret, isSecret);
  markParts(plain.exact, secrets.exact, MIN_RUN, isSecret);
  markParts(plain.text, secrets.folded, MIN_FOLDED_RUN, isSecret);
  let clean = "";
  let from = 0;
  for (let at = isSecret.indexOf(1); at !== -1; at = isSecret.indexOf(1, at)) {
    const start = plain.starts[at];
    while (isSecret[at + 1] === 1) at++;
    clean += `${text.slice(from, start)}[key]`;
    from = plain.ends[at];
    at++;
  }
  return clean + text.slice(from);
}

function markParts(text: string, parts: Set<string>, units: number, isSecret: Uint8Array) {
  for (let at = 0; at + units <= text.length; at++) {
    if (parts.has(text.slice(at, at + units))) isSecret.fill(1, at, at + units);
  }
}

function markEnds(text: string, secret: string, isSecret: Uint8Array) {
  const { length } = secret;
  if (length <= MIN_RUN) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) isSecret.fill(1, at, at + length);
    return;
  }
  if (text.includes(secret.slice(0, MIN_RUN))) {
    for (const [at, run] of runsOf(text, secret)) isSecret.fill(1, at, at + run);
  }
  if (text.includes(secret.slice(-MIN_RUN))) {
    const end = text.length;
    for (const [at, run] of runsOf(reversed(text), reversed(secret))) isSecret.fill(1, end - at - run, end - at);
  }
}

/**
 * Where the text has a beginning of the secret, and how long that is; only those that reach further than all before.
 * Known as the Z algorithm: each unit is compared about once, whatever a provider repeats.
 */
function* runsOf(text: string, secret: string): Generator<[at: number, run: number]> {
  const whole = `${secret}\0${text}`;
  const runs = new Uint32Array(whole.length);
  const start = secret.length + 1;
  let [left, right, reached] = [0, 0, 0];
  for (let at = 1; at < whole.length; at++) {
    let run = at < right ? Math.min(right - at, runs[at - left]) : 0;
    while (whole[at + run] === whole[run] && at + run < whole.length) run++;
    runs[at] = run;
    if (at + run > right) [left, right] = [at, at + run];
    if (at < start || run < MIN_RUN || at + run <= reached) continue;
    reached = at + run;
    yield [at - start, run];
  }
}

function reversed(text: string): string {
  return text.split("").reverse().join("");
}
