import assert from "node:assert/strict";
import { makeRandom, makeText } from "../testing/split.ts";
import { bareKey, secretsOf, withoutSecrets } from "./redact.ts";

const KEY = "sk-proj-Aq7/xWz_09+bcDEFgh12";
const SECRETS = secretsOf(KEY, {});

const unicode = [...KEY].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
const html = [...KEY].map((unit) => `&#${unit.charCodeAt(0)};`).join("");

/** Ways in which providers write a key, or a part of it. */
const WRITTEN: Record<string, string> = {
  "as it is": KEY,
  "upper case": KEY.toUpperCase(),
  "lower case": KEY.toLowerCase(),
  "escaped in JSON": KEY.replaceAll("/", "\\/").replaceAll("-", "\\u002d"),
  "escaped in JSON, each character": unicode,
  "escaped twice": JSON.stringify(unicode).slice(1, -1),
  "in a URL": encodeURIComponent(KEY),
  "in a URL within a URL": encodeURIComponent(encodeURIComponent(KEY)),
  "in HTML": KEY.replaceAll("/", "&#x2F;").replaceAll("+", "&plus;").replaceAll("_", "&lowbar;"),
  "in HTML, each character": html,
  "in HTML, escaped twice": html.replaceAll("&", "&amp;"),
  "over several lines": KEY.replaceAll(/.{3}/g, "$&\r\n  "),
  "with spaces": [...KEY].join(" "),
  "with line breaks of JSON": [...KEY].join("\\n"),
  "with zero width spaces": [...KEY].join("\u200b"),
  "its first four characters": KEY.slice(0, 4),
  "its last four characters": KEY.slice(-4),
  "eight from within": KEY.slice(9, 17),
  "without its prefix": KEY.slice("sk-proj-".length),
};

for (const [name, written] of Object.entries(WRITTEN)) {
  Deno.test(`a key is taken out: ${name}`, () => {
    assert.equal(withoutSecrets(`No key ${written}, sorry`, SECRETS), "No key [key], sorry");
    assert.equal(withoutSecrets(`"${written}"`, SECRETS), '"[key]"');
  });
}

Deno.test("a key is taken out of base64, wherever it stands within", () => {
  for (const before of ["", "Bearer ", "user:", "a", "ab"]) {
    for (const after of ["", ":", "xx"]) {
      const clean = withoutSecrets(btoa(before + KEY + after), SECRETS);
      const shown = clean.replace(/\[key\]/, "").length;
      assert.ok(shown <= btoa(before + after).length + 8, clean);
    }
  }
  // Each fourth character is one that URLs have others for.
  const [key, encoded] = ["~?".repeat(9), "fj9+P34/".repeat(3)];
  for (const written of [encoded, encoded.replaceAll("+", "-").replaceAll("/", "_")]) {
    assert.equal(withoutSecrets(written, secretsOf(key, {})), "[key]");
  }
});

Deno.test("a masked key loses both ends, and what is quoted otherwise stays", () => {
  assert.equal(withoutSecrets("sk-proj-A***gh12", SECRETS), "[key]***[key]");
  assert.equal(withoutSecrets("sk-p...gh12", SECRETS), "[key]...[key]");
  assert.equal(withoutSecrets("Aq7/xWz_****gh12", SECRETS), "[key]****[key]");
  assert.equal(withoutSecrets("sk-****h12", SECRETS), "sk-****h12");
  for (const text of ["", "10% of A&B at C:\\temp", "Ask sk for proj: \\u00e9 &eacute; %zz", "İ 🐉"]) {
    assert.equal(withoutSecrets(text, SECRETS), text);
  }
});

Deno.test("each four characters of a key are taken out, those of its public prefix alone not", () => {
  const long = Array.from({ length: 500 }, (_, at) => `${at.toString(36)}Zq`).join("");
  for (
    const [prefix, rest] of [["sk-ant-api03-", "Qx7Lw9/TzRb2+Kd5Yh8Nf-JmVg3_AA"], ["", "AIzaSyD-9tSrke72PouQMnMX"], [
      "gsk_",
      long,
    ]]
  ) {
    const key = prefix + rest;
    for (
      const secrets of [
        secretsOf(key, {}),
        secretsOf(null, { "x-api-key": key }),
        secretsOf(null, { authorization: `Bearer ${key}` }),
      ]
    ) {
      for (let at = Math.max(prefix.length - 3, 0); at + 4 <= key.length; at++) {
        for (
          const run of [
            key.slice(at, at + 4),
            [...key.slice(at, at + 4)].map((unit) => `&#${unit.charCodeAt(0)};`).join(""),
          ]
        ) {
          assert.equal(withoutSecrets(`No (${run}), sorry`, secrets), "No ([key]), sorry");
        }
      }
    }
  }
  const secrets = secretsOf("sk-proj-9xEnt7lyzFORmAt3reLaY0q", {});
  for (const text of ["Your project has no access", "The format of rent is entirely relayed"]) {
    assert.equal(withoutSecrets(text, secrets), text);
  }
});

Deno.test("what is sent as the key is what is kept secret, however it was stored", () => {
  for (const stored of [KEY, `${KEY}\n`, `\r\n ${KEY}\t`, `Bearer ${KEY}`, `\nbearer\n${KEY}\n`, `\uFEFF${KEY}`]) {
    assert.equal(bareKey(stored), KEY);
    const clean = withoutSecrets(`Bearer ${KEY} is no good`, secretsOf(stored, {}));
    assert.equal(clean, "Bearer [key] is no good");
  }
  for (const stored of [null, "", " \n", "Bearer "]) assert.equal(secretsOf(stored, {})(), null);
});

Deno.test("secrets in headers, in objects within them and in the query are cut out like the key, and what cannot be a secret stays", () => {
  const url = new URL("https://a.test/v1?key=AIza-0123456789-abcdef&api-version=preview");
  const secrets = secretsOf(null, { "x-key": " Token hdr-0123456789wxyz " }, url);
  assert.equal(withoutSecrets("HDR-…WXYZ and aiza in preview", secrets), "[key]…[key] and [key] in preview");
  const within = secretsOf(KEY, {
    ...{ "x-config": '{"provider":"openai","api_key":"inner-1234567890abcd"}', "x-version": "1" },
    "http-referer": "https://app.example.com",
  });
  assert.equal(withoutSecrets("No inner-1234567890abcd", within), "No [key]");
  const plain = "limit is 10, see https://docs.example.com";
  assert.equal(withoutSecrets(plain, within), plain);
});

Deno.test("runs are found as by comparing each place, in texts and keys made by chance", () => {
  const random = makeRandom(5);
  const make = (units: number) => makeText(["a", "b", "ab"], units, random);
  for (let round = 0; round < 2_000; round++) {
    const key = make(5 + random(12)).slice(0, 20).padEnd(5, "c");
    const text = make(1 + random(40));
    const shown = (at: number) => {
      for (let from = 0; from <= at; from++) {
        for (let to = Math.max(at + 1, from + 4); to <= text.length; to++) {
          const run = text.slice(from, to);
          if (key.startsWith(run) || key.endsWith(run)) return false;
        }
      }
      return true;
    };
    const secrets = { ends: [key], exact: new Set<string>(), folded: new Set<string>() };
    const wanted = [...text].map((unit, at) => shown(at) ? unit : "#").join("").replaceAll(/#+/g, "[key]");
    assert.equal(withoutSecrets(text, () => secrets), wanted, `${text} without ${key}`);
  }
});
