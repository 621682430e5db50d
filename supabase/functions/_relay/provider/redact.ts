/** Keeps a bot's secrets out of what is said and logged, in the forms in which providers quote them. */

/** A shorter run of a secret's characters may stand in any sentence. */
const MIN_RUN = 4;

/** A shorter run from within a key may, too. */
const MIN_INNER_RUN = 8;

/** A shorter value of a header is a word, a number or a flag, which any sentence may have. */
const MIN_HEADER_SECRET = 8;

/** Of the key's characters, those that are looked for run by run; the ends count all the same. */
const MAX_INNER_UNITS = 1_024;

/** A field of a URL's query that holds a key. */
const KEY_IN_URL = /key|token|secret|sig/i;

/** The key as it is sent, and as it is kept secret: people paste it with white space, or with the scheme before it. */
export function bareKey(accessKey: string | null): string | null {
  return accessKey?.trim().replace(/^bearer(?:\s+|$)/i, "").trim() || null;
}

/** One of them. */
interface Secret {
  /** Lower case, without white space. */
  text: string;
  /** The shortest run from within that counts; a run at either end counts from `MIN_RUN` on. */
  minInnerRun: number;
}

/** What no text of a call's may hold. */
export type Secrets = () => Secret[];

/**
 * The secrets of a call: its key, the values of its headers, and those of its URL's query. They are made for the first
 * text that is looked through: before the first token there is no time for them, and while an answer runs no use.
 */
export function secretsOf(accessKey: string | null, headers: Record<string, string>, url?: URL): Secrets {
  let made: Secret[] | null = null;
  return () => made ??= makeSecrets(accessKey, headers, url);
}

function makeSecrets(accessKey: string | null, headers: Record<string, string>, url?: URL): Secret[] {
  const key = bareKey(accessKey);
  const inUrl = [...url?.searchParams ?? []].filter(([, value]) => value.length >= 16);
  // Gemini, Azure and others take it there, too.
  const keysInUrl = inUrl.filter(([name]) => KEY_IN_URL.test(name)).map(([, value]) => value);
  const keys = [...key === null ? [] : [key], ...keysInUrl];
  const ends = [...Object.values(headers).flatMap(secretsInHeader), ...inUrl.map(([, value]) => value)];
  return [
    ...keys.flatMap(formsOf).map((text) => secret(text, MIN_INNER_RUN)),
    ...keys.filter(({ length }) => length >= MIN_INNER_RUN).flatMap(encodedFormsOf)
      .map((text) => secret(text, MIN_INNER_RUN)),
    ...ends.map((text) => secret(text, Infinity)),
  ].filter(({ text }) => text !== "");
}

function secret(text: string, minInnerRun: number): Secret {
  return { text: text.replaceAll(/\s/g, "").toLowerCase(), minInnerRun };
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

/** In base64, where it begins at each of the three places within a group of bytes; only what is the key's alone. */
function encodedFormsOf(key: string): string[] {
  const form = (before: string) => {
    const encoded = btoa(before + key).replace(/=+$/, "");
    const start = before === "" ? 0 : before.length + 1;
    // The last character may have bits of what follows.
    return encoded.slice(start, (before.length + key.length) % 3 === 0 ? undefined : -1);
  };
  if (!/^[\x20-\x7e]+$/.test(key)) return [];
  const forms = ["", "x", "xx"].map(form);
  return [...forms, ...forms.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))]
    .filter((text, index, all) => all.indexOf(text) === index);
}

/** What is one character in the way that JSON, URLs or HTML write it, also written so twice; and what does not count. */
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
  text: string;
  starts: number[];
  ends: number[];
}

function plainOf(text: string): Plain {
  const plain: Plain = { text: "", starts: [], ends: [] };
  for (let at = 0; at < text.length;) {
    WRITTEN.lastIndex = at;
    const found = WRITTEN.exec(text);
    const end = found === null ? at + 1 : at + found[0].length;
    for (const unit of found === null ? text[at] : writtenAs(found)) {
      // One unit each, whatever lower case makes of it.
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
 * Replaces each run of four or more characters that a secret begins or ends with, and each of eight or more from within
 * a key: in any case, with white space between its characters, and as JSON, URLs, HTML and base64 write it.
 */
export function withoutSecrets(text: string, secretsOfCall: Secrets): string {
  if (text === "") return text;
  const secrets = secretsOfCall();
  if (secrets.length === 0) return text;
  const plain = plainOf(text);
  const isSecret = new Uint8Array(plain.text.length);
  for (const secret of secrets) markRuns(plain.text, secret, isSecret);
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

function markRuns(text: string, { text: secret, minInnerRun }: Secret, isSecret: Uint8Array) {
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
  const inner = Math.min(length, MAX_INNER_UNITS) - minInnerRun + 1;
  if (inner <= 0 || text.length < minInnerRun) return;
  const parts = new Set(Array.from({ length: inner }, (_, at) => secret.slice(at, at + minInnerRun)));
  for (let at = 0; at + minInnerRun <= text.length; at++) {
    if (parts.has(text.slice(at, at + minInnerRun))) isSecret.fill(1, at, at + minInnerRun);
  }
}

/**
 * Where the text has a beginning of the secret, and how long it is: those that reach further than any before. Known as
 * the Z algorithm: each unit is compared about once, whatever a provider repeats.
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
