import { deepStrictEqual as equal, match } from "node:assert/strict";
import { createSite, type SiteFacts } from "./site.ts";

const FACTS: SiteFacts = {
  publishable_key: "sb_publishable_x",
  demo: { email: "demo@test.example", password: "demo" },
};

const FILES = { "index.html": "<p>", "page.js": "1", "page.css": "" };

/** A site, and how often its page was built. */
function site(build = () => Promise.resolve(FILES as Record<string, string>)) {
  const seen = { builds: 0 };
  const answer = createSite(() => FACTS, () => {
    seen.builds++;
    return build();
  });
  const get = (path: string) => answer(new Request(`http://stack.test:54321${path}`));
  return { seen, get };
}

Deno.test("createSite() builds the page when it is first asked for, and once", async () => {
  const { seen, get } = site();
  equal(seen.builds, 0);
  const answers = await Promise.all([get("/"), get("/page.js"), get("/")]);
  equal(await Promise.all(answers.map((answer) => answer.text())), ["<p>", "1", "<p>"]);
  equal(answers.map(({ headers }) => headers.get("content-type")), [
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/html; charset=utf-8",
  ]);
  equal(seen.builds, 1);
});

Deno.test("createSite() tells the page its project at the address that was used", async () => {
  const { seen, get } = site();
  equal(await (await get("/config.json")).json(), {
    supabase_url: "http://stack.test:54321",
    publishable_key: "sb_publishable_x",
    demo: { email: "demo@test.example", password: "demo" },
  });
  equal(seen.builds, 0);
});

Deno.test("createSite() says why there is no page, and tries again at the next look", async () => {
  const { seen, get } = site(() => Promise.reject(new Error("Cannot bundle the playground: no network")));
  const answer = await get("/");
  equal(answer.status, 200);
  match(await answer.text(), /\/functions\/v1\n\n.*no network\n$/s);
  const script = await get("/page.js");
  equal(script.status, 503);
  await script.body?.cancel();
  equal(seen.builds, 2);
});

Deno.test("createSite() serves nothing else", async () => {
  const { get } = site();
  for (const path of ["/main.tsx", "/studio", "/../deno.json"]) {
    const answer = await get(path);
    equal(answer.status, 404);
    equal((await answer.json()).error.code, "not_found");
  }
});
