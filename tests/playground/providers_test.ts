/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { PROVIDERS } from "../../playground/data/providers.ts";
import { APIS } from "../../supabase/functions/_relay/provider/client.ts";
import { createGuard } from "../../supabase/functions/_relay/transport/guard.ts";

const hosted = createGuard(
  { providerHosts: null, allowPrivateProviders: false },
  () => Promise.resolve(["203.0.114.1"]),
);
const own = createGuard({ providerHosts: null, allowPrivateProviders: true });

Deno.test("each preset of a provider is one that a bot can have: its API, its address, its windows", async () => {
  equal(new Set(PROVIDERS.map(({ name }) => name)).size, PROVIDERS.length);
  for (const { name, api, base_url, needs_key, docs, models } of PROVIDERS) {
    ok(Object.hasOwn(APIS, api), name);
    const url = await (needs_key ? hosted : own).check(base_url);
    equal(url.href.replace(/\/$/, ""), base_url, name);
    equal(new URL(docs).protocol, "https:");
    for (const [model, window] of Object.entries(models)) ok(window >= 256 && window <= 10_000_000, model);
  }
});
