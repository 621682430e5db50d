import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { createManualClock } from "../testing/platform.ts";
import {
  type AddressRules,
  createAddressCheck,
  LOOKUP_CACHE_HOSTS,
  LOOKUP_CACHE_MS,
  LOOKUP_TIMEOUT_MS,
} from "./guard.ts";

const NOT_PUBLIC = "Cannot call the provider of this bot: its host does not lead to a public address";

/** A resolver that knows some names, and keeps the questions. */
function makeCheck(records: Record<string, string[]> = {}, rules: Partial<AddressRules> = {}) {
  const asked: string[] = [];
  const clock = createManualClock();
  const check = createAddressCheck({ providerHosts: null, allowPrivateProviders: false, ...rules }, (host) => {
    asked.push(host);
    return Promise.resolve(records[host] ?? []);
  }, clock);
  return { asked, check, clock };
}

const EXAMPLE = { "api.example.com": ["93.184.215.14"] };

async function assertRefused(url: Promise<URL>, message = NOT_PUBLIC): Promise<RelayError> {
  try {
    await url;
  } catch (error) {
    assert.ok(error instanceof RelayError, String(error));
    assert.deepEqual([error.code, error.status, error.message], ["provider_not_allowed", 403, message]);
    return error;
  }
  throw new Error("the URL was allowed");
}

Deno.test("a public https URL is allowed, without a slash at its end", async () => {
  const { check } = makeCheck(EXAMPLE);
  const spellings: [string, string][] = [
    ["https://api.example.com/v1", "https://api.example.com/v1"],
    ["https://api.example.com/v1/", "https://api.example.com/v1"],
    ["https://api.example.com/v1///", "https://api.example.com/v1"],
    ["https://api.example.com", "https://api.example.com/"],
    ["https://api.example.com.:8443/v1", "https://api.example.com:8443/v1"],
    [" HTTPS://API.Example.COM/V1 ", "https://api.example.com/V1"],
    ["https://api.example.com/v1/?api-version=1", "https://api.example.com/v1?api-version=1"],
  ];
  for (const [given, expected] of spellings) {
    assert.equal((await check(given)).href, expected);
  }
});

Deno.test("what is no URL is refused", async () => {
  const { check } = makeCheck(EXAMPLE);
  for (const path of ["", "api.example.com", "/v1", "https://", "https://a b"]) {
    await assertRefused(check(path), "Cannot call the provider of this bot: its base URL is not a URL");
  }
});

Deno.test("other schemes than https are refused", async () => {
  const { check } = makeCheck(EXAMPLE);
  for (const scheme of ["http:", "ftp:", "file:", "ws:", "data:", "javascript:"]) {
    await assertRefused(
      check(`${scheme}//api.example.com/v1`),
      'Cannot call the provider of this bot: its base URL does not begin with "https://"',
    );
  }
});

Deno.test("credentials in the URL are refused and not quoted", async () => {
  const { check } = makeCheck(EXAMPLE);
  for (const user of ["user:secret", "secret", ":secret"]) {
    await assertRefused(
      check(`https://${user}@api.example.com/v1`),
      "Cannot call the provider of this bot: its base URL has a user name or a password",
    );
  }
});

Deno.test("a fragment is refused, an empty one too", async () => {
  const { check } = makeCheck(EXAMPLE);
  for (const fragment of ["#", "#a"]) {
    await assertRefused(
      check(`https://api.example.com/v1${fragment}`),
      "Cannot call the provider of this bot: its base URL has a fragment",
    );
  }
});

Deno.test("a public address in place of a name is allowed without a lookup", async () => {
  const { asked, check } = makeCheck();
  assert.equal((await check("https://1.1.1.1/v1")).hostname, "1.1.1.1");
  assert.equal((await check("https://[2606:4700::1111]/v1")).hostname, "[2606:4700::1111]");
  assert.deepEqual(asked, []);
});

Deno.test("an address of the relay's own network is refused in every spelling", async () => {
  const { asked, check } = makeCheck();
  for (
    const host of [
      "127.0.0.1",
      "127.0.0.1.",
      "127.1",
      "0x7f.1",
      "0177.0.0.1",
      "2130706433",
      "１２７.0.0.1",
      "%31%32%37.0.0.1",
      "0",
      "10.0.0.1",
      "100.64.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "192.168.1.1",
      "224.0.0.1",
      "255.255.255.255",
      "[::]",
      "[::1]",
      "[0:0:0:0:0:0:0:1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:8.8.8.8]",
      "[64:ff9b::8.8.8.8]",
      "[2002:7f00:1::]",
      "[fd00:ec2::254]",
      "[fe80::1]",
    ]
  ) {
    await assertRefused(check(`https://${host}/v1`));
  }
  assert.deepEqual(asked, []);
});

Deno.test("names of one network alone are refused without a lookup", async () => {
  const { asked, check } = makeCheck();
  for (
    const host of [
      "localhost",
      "LOCALHOST.",
      "api.localhost",
      "kong",
      "printer.local",
      "metadata.google.internal",
      "metadata.google.internal.",
      "api.example.com..",
    ]
  ) {
    await assertRefused(check(`https://${host}/v1`));
  }
  assert.deepEqual(asked, []);
});

Deno.test("a name is refused if any of its addresses is not public", async () => {
  const { check } = makeCheck({
    "private.example.com": ["10.0.0.1"],
    "mixed.example.com": ["93.184.215.14", "127.0.0.1"],
    "six.example.com": ["93.184.215.14", "::1"],
    "mapped.example.com": ["::ffff:169.254.169.254"],
    "odd.example.com": ["not an address"],
  });
  for (const name of ["private", "mixed", "six", "mapped", "odd"]) {
    await assertRefused(check(`https://${name}.example.com/v1`));
  }
});

Deno.test("a name that DNS does not know is refused: it may stand in a hosts file", async () => {
  const { asked, check } = makeCheck();
  await assertRefused(check("https://unknown.example.com/v1"));
  assert.deepEqual(asked, ["unknown.example.com"]);
});

Deno.test("a lookup that fails is refused in the same words, and asked again", async () => {
  const failure = new Error("server failure from 10.0.0.53");
  let answer: () => Promise<string[]> = () => Promise.reject(failure);
  const check = createAddressCheck(
    { providerHosts: null, allowPrivateProviders: false },
    () => answer(),
    createManualClock(),
  );
  const error = await assertRefused(check("https://api.example.com/v1"));
  assert.equal(error.cause, failure);
  answer = () => {
    throw failure;
  };
  await assertRefused(check("https://api.example.com/v1"));
  answer = () => Promise.resolve(["93.184.215.14"]);
  await check("https://api.example.com/v1");
});

Deno.test("a lookup that takes too long is refused, aborted, and leaves no timer", async () => {
  const clock = createManualClock();
  let signal: AbortSignal | undefined;
  const check = createAddressCheck({ providerHosts: null, allowPrivateProviders: false }, (_, given) => {
    signal = given;
    return new Promise(() => {});
  }, clock);
  const refused = assertRefused(check("https://api.example.com/v1"));
  clock.advance(LOOKUP_TIMEOUT_MS - 1);
  assert.equal(signal!.aborted, false);
  clock.advance(1);
  await refused;
  assert.equal(signal!.aborted, true);
  assert.equal(signal!.reason.name, "TimeoutError");
  assert.equal(clock.pending, 0);
});

Deno.test("a lookup in time leaves no timer", async () => {
  const { check, clock } = makeCheck(EXAMPLE);
  await check("https://api.example.com/v1");
  assert.equal(clock.pending, 0);
});

Deno.test("an answer is believed for a minute, good or bad", async () => {
  const { asked, check, clock } = makeCheck(EXAMPLE);
  const both = async () => {
    await check("https://api.example.com/v1");
    await check("https://api.example.com./v2");
    await assertRefused(check("https://unknown.example.com/v1"));
  };
  const names = ["api.example.com", "unknown.example.com"];
  await both();
  clock.advance(LOOKUP_CACHE_MS - 1);
  await both();
  assert.deepEqual(asked, names);
  clock.advance(1);
  await both();
  assert.deepEqual(asked, [...names, ...names]);
});

Deno.test("requests at the same time share a lookup", async () => {
  const { asked, check } = makeCheck(EXAMPLE);
  await Promise.all(Array.from({ length: 20 }, () => check("https://api.example.com/v1")));
  assert.deepEqual(asked, ["api.example.com"]);
});

Deno.test("the answers of so many hosts are kept, and the oldest makes room", async () => {
  const records: Record<string, string[]> = {};
  for (let index = 0; index <= LOOKUP_CACHE_HOSTS; index++) {
    records[`h${index}.example.com`] = ["93.184.215.14"];
  }
  const { asked, check } = makeCheck(records);
  const visit = (index: number) => check(`https://h${index}.example.com/`);
  for (let index = 0; index < LOOKUP_CACHE_HOSTS; index++) await visit(index);
  await visit(0);
  assert.equal(asked.length, LOOKUP_CACHE_HOSTS);
  await visit(LOOKUP_CACHE_HOSTS);
  await visit(1);
  assert.equal(asked.length, LOOKUP_CACHE_HOSTS + 1);
  await visit(0);
  assert.equal(asked.length, LOOKUP_CACHE_HOSTS + 2);
});

Deno.test("an allow list refuses every other host, before a lookup", async () => {
  const { asked, check } = makeCheck({
    ...EXAMPLE,
    "evil.example.com": ["93.184.215.15"],
  }, { providerHosts: ["api.example.com"] });
  await check("https://API.example.com./v1");
  for (const host of ["evil.example.com", "example.com", "1.1.1.1"]) {
    await assertRefused(
      check(`https://${host}/v1`),
      "Cannot call the provider of this bot: its host is not on the list of allowed hosts",
    );
  }
  assert.deepEqual(asked, ["api.example.com"]);
});

Deno.test("an allow list does not make a private address public", async () => {
  const { check } = makeCheck({ "api.example.com": ["10.0.0.1"] }, { providerHosts: ["api.example.com", "localhost"] });
  await assertRefused(check("https://api.example.com/v1"));
  await assertRefused(check("https://localhost/v1"));
});

Deno.test("private providers are reached over http and without a lookup, where the configuration says so", async () => {
  const { asked, check } = makeCheck({}, { allowPrivateProviders: true });
  for (
    const url of [
      "http://127.0.0.1:4010/v1",
      "http://localhost:4010/v1",
      "http://[::1]:4010/v1",
      "http://ollama:11434/v1",
      "https://unknown.example.com/v1",
    ]
  ) {
    assert.equal((await check(url)).href, url);
  }
  assert.deepEqual(asked, []);
});

Deno.test("private providers keep the other rules", async () => {
  const { check } = makeCheck({}, { allowPrivateProviders: true, providerHosts: ["localhost"] });
  await check("http://localhost:4010/v1");
  for (
    const url of ["ftp://localhost/v1", "http://user:pass@localhost/v1", "http://localhost/v1#a", "http://127.0.0.1/v1"]
  ) {
    const error = await check(url).catch((error) => error);
    assert.equal(error.code, "provider_not_allowed", url);
  }
});
