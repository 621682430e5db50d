import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { createManualClock } from "../testing/platform.ts";
import {
  type AddressRules,
  createGuard,
  LOOKUP_CACHE_HOSTS,
  LOOKUP_CACHE_MS,
  LOOKUP_TIMEOUT_MS,
  MAX_CHECKED_ADDRESSES,
} from "./guard.ts";

const NOT_PUBLIC = "its host does not lead to a public address";
const PUBLIC = ["93.184.215.14"];
const API = "https://api.example.com/v1";

/** A check whose resolver knows some names, and keeps the questions. */
function make(records: Record<string, string[]> = { "api.example.com": PUBLIC }, rules: Partial<AddressRules> = {}) {
  const asked: string[] = [];
  const clock = createManualClock();
  const lab = {
    asked,
    clock,
    /** Takes the place of the records. */
    resolve: null as null | ((signal: AbortSignal) => Promise<string[]>),
    ...createGuard(
      { providerHosts: null, allowPrivateProviders: false, ...rules },
      (host, signal): Promise<string[]> => {
        asked.push(host);
        return lab.resolve ? lab.resolve(signal) : Promise.resolve(records[host] ?? []);
      },
      clock,
    ),
  };
  return lab;
}

async function assertRefused(url: Promise<URL>, state = NOT_PUBLIC): Promise<RelayError> {
  const error = await url.then(({ href }) => assert.fail(`It was allowed: ${href}`), (error) => error);
  assert.ok(error instanceof RelayError, String(error));
  assert.deepEqual([error.code, error.message], [
    "provider_not_allowed",
    `Cannot call the provider of this bot: ${state}`,
  ]);
  return error;
}

Deno.test("a public https URL is allowed, without a slash at its end", async () => {
  const { check } = make();
  const spellings = {
    [API]: API,
    [`${API}///`]: API,
    "https://api.example.com": "https://api.example.com/",
    "https://api.example.com.:8443/v1": "https://api.example.com:8443/v1",
    " HTTPS://API.Example.COM/V1 ": "https://api.example.com/V1",
    "https://api.example.com/v1/?api-version=1": "https://api.example.com/v1?api-version=1",
  };
  for (const [given, wanted] of Object.entries(spellings)) assert.equal((await check(given)).href, wanted);
});

Deno.test("a URL of another form is refused by what is wrong with it, and not quoted", async () => {
  const wrong: Record<string, string[]> = {
    "its base URL is not a URL": ["", "api.example.com", "/v1", "https://", "https://a b"],
    'its base URL does not begin with "https://"': "http ftp file ws data javascript".split(" ").map((scheme) =>
      `${scheme}://api.example.com/v1`
    ),
    "its base URL has a user name or a password": ["user:secret", "secret", ":secret"].map((user) =>
      `https://${user}@api.example.com/v1`
    ),
    "its base URL has port 0": ["https://api.example.com:0/v1"],
    "its base URL has a fragment": [`${API}#`, `${API}#a`],
  };
  const { asked, check } = make();
  for (const [state, urls] of Object.entries(wrong)) {
    for (const url of urls) await assertRefused(check(url), state);
  }
  assert.deepEqual(asked, []);
});

Deno.test("a public address in place of a name is allowed without a lookup", async () => {
  const { asked, check } = make();
  for (const host of ["1.1.1.1", "[2606:4700::1111]"]) assert.equal((await check(`https://${host}/v1`)).hostname, host);
  assert.deepEqual(asked, []);
});

/** Addresses of the relay's own network in every spelling, and names that mean something on one network alone. */
const OWN_NETWORK = `
  127.0.0.1 127.0.0.1. 127.1 0x7f.1 0177.0.0.1 2130706433 １２７.0.0.1 %31%32%37.0.0.1 0 10.0.0.1 100.64.0.1
  169.254.169.254 172.16.0.1 192.168.1.1 224.0.0.1 255.255.255.255 [::] [::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1]
  [::ffff:8.8.8.8] [64:ff9b::8.8.8.8] [2002:7f00:1::] [fd00:ec2::254] [fe80::1]
  localhost LOCALHOST. api.localhost kong printer.local metadata.google.internal metadata.google.internal.
  api.example.com..`;

Deno.test("an address or a name of the relay's own network is refused without a lookup", async () => {
  const { asked, check } = make();
  for (const host of OWN_NETWORK.trim().split(/\s+/)) await assertRefused(check(`https://${host}/v1`));
  assert.deepEqual(asked, []);
});

Deno.test("a name is refused if any of its addresses is not public, or DNS knows none: a hosts file may", async () => {
  const records = {
    "private.example.com": ["10.0.0.1"],
    "mixed.example.com": [...PUBLIC, "127.0.0.1"],
    "six.example.com": [...PUBLIC, "::1"],
    "mapped.example.com": ["::ffff:169.254.169.254"],
    "odd.example.com": ["not an address"],
    "unknown.example.com": [],
  };
  const { asked, check } = make(records);
  for (const name of Object.keys(records)) await assertRefused(check(`https://${name}/v1`));
  assert.deepEqual(asked, Object.keys(records));
});

Deno.test("of so many addresses eight are kept, and a name with more of them is refused", async () => {
  const most = Array.from({ length: MAX_CHECKED_ADDRESSES }, (_, index) => `8.8.8.${index}`);
  const { check, addressesOf } = make({ "most.example.com": most, "more.example.com": [...most, "8.8.9.0"] });
  assert.deepEqual(await addressesOf(await check("https://most.example.com/v1")), most.slice(0, 8));
  await assertRefused(check("https://more.example.com/v1"));
});

Deno.test("a lookup that fails is refused in the same words, and asked again", async () => {
  const lab = make();
  const failure = new Error("server failure from 10.0.0.53");
  lab.resolve = () => Promise.reject(failure);
  assert.equal((await assertRefused(lab.check(API))).cause, failure);
  lab.resolve = () => {
    throw failure;
  };
  await assertRefused(lab.check(API));
  lab.resolve = null;
  await lab.check(API);
  assert.equal(lab.clock.pending, 0);
});

Deno.test("a lookup that takes too long is refused, aborted, and leaves no timer", async () => {
  const lab = make();
  let signal: AbortSignal | undefined;
  lab.resolve = (given) => {
    signal = given;
    return new Promise(() => {});
  };
  const refused = assertRefused(lab.check(API));
  lab.clock.advance(LOOKUP_TIMEOUT_MS - 1);
  assert.equal(signal!.aborted, false);
  lab.clock.advance(1);
  await refused;
  assert.equal(signal!.reason.name, "TimeoutError");
  assert.equal(lab.clock.pending, 0);
});

Deno.test("an answer is kept for a minute, good or bad, and requests at the same time share a lookup", async () => {
  const { asked, check, clock } = make();
  const ask = async () => {
    await Promise.all(Array.from({ length: 20 }, () => check(API)));
    await check("https://api.example.com./v2");
    await assertRefused(check("https://unknown.example.com/v1"));
  };
  const names = ["api.example.com", "unknown.example.com"];
  await ask();
  clock.advance(LOOKUP_CACHE_MS - 1);
  await ask();
  assert.deepEqual(asked, names);
  clock.advance(1);
  await ask();
  assert.deepEqual(asked, [...names, ...names]);
});

Deno.test("the answers of so many hosts are kept, and the oldest makes room", async () => {
  const names = Array.from({ length: LOOKUP_CACHE_HOSTS + 1 }, (_, index) => `h${index}.example.com`);
  const { asked, check } = make(Object.fromEntries(names.map((name) => [name, PUBLIC])));
  const visit = (index: number) => check(`https://${names[index]}/`);
  for (let index = 0; index < LOOKUP_CACHE_HOSTS; index++) await visit(index);
  for (const [index, lookups] of [[0, 0], [LOOKUP_CACHE_HOSTS, 1], [1, 1], [0, 2]]) {
    await visit(index);
    assert.equal(asked.length, LOOKUP_CACHE_HOSTS + lookups);
  }
});

Deno.test("an allow list refuses every other host before a lookup, and makes no private address public", async () => {
  const providerHosts = ["api.example.com", "private.example.com", "localhost"];
  const { asked, check } = make({ "api.example.com": PUBLIC, "private.example.com": ["10.0.0.1"] }, { providerHosts });
  await check("https://API.example.com./v1");
  for (const host of ["evil.example.com", "example.com", "1.1.1.1"]) {
    await assertRefused(check(`https://${host}/v1`), "its host is not on the list of allowed hosts");
  }
  assert.deepEqual(asked, ["api.example.com"]);
  for (const host of ["private.example.com", "localhost"]) await assertRefused(check(`https://${host}/v1`));
});

Deno.test("private providers are allowed over http and without a lookup, and keep the other rules", async () => {
  const { asked, check } = make({}, { allowPrivateProviders: true });
  const hosts = ["http://127.0.0.1:4010", "http://localhost:4010", "http://[::1]:4010", "http://ollama:11434"];
  for (const url of [...hosts, "https://unknown.example.com"].map((host) => `${host}/v1`)) {
    assert.equal((await check(url)).href, url);
  }
  const listed = make({}, { allowPrivateProviders: true, providerHosts: ["localhost"] });
  await listed.check("http://localhost:4010/v1");
  for (const url of ["ftp://localhost", "http://user:pass@localhost", "http://localhost/v1#a", "http://127.0.0.1"]) {
    await assert.rejects(listed.check(url), { code: "provider_not_allowed" });
  }
  assert.deepEqual(asked, []);
});
