import { deepStrictEqual as equal, match } from "node:assert/strict";
import { createSite } from "./site.ts";

const FACTS = { publishable_key: "sb_publishable_x", demo: { email: "demo@test.example", password: "demo" } };
const PAGE: Record<string, string> = { "index.html": "<p>", "page.js": "1", "page.css": "", "a-0123ABCD.js": "2" };

/** A site, and how often its page was built. */
function site(build = () => Promise.resolve(PAGE)) {
  const seen = { builds: 0 };
  const answer = createSite(() => FACTS, () => {
    seen.builds++;
    return build();
  });
  return { seen, get: (path: string) => answer(new Request(`http://stack.test:54321${path}`)) };
}

Deno.test("the page is built when it is first asked for, and once", async () => {
  const { seen, get } = site();
  // The address is the one that the browser used.
  equal(await (await get("/config.json")).json(), { supabase_url: "http://stack.test:54321", ...FACTS });
  equal(seen.builds, 0);
  const answers = await Promise.all([get("/"), get("/page.js"), get("/")]);
  equal(await Promise.all(answers.map((answer) => answer.text())), ["<p>", "1", "<p>"]);
  const [html, script] = answers.map(({ headers }) => headers.get("content-type"));
  equal([html, script], ["text/html; charset=utf-8", "text/javascript; charset=utf-8"]);
  equal(seen.builds, 1);
});

Deno.test("a site says why there is no page, and tries again at the next request", async () => {
  const { seen, get } = site(() => Promise.reject(new Error("Cannot bundle the playground: no network")));
  const [page, script] = [await get("/"), await get("/page.js")];
  equal([page.status, script.status, seen.builds], [200, 503, 2]);
  match(await page.text(), /\/functions\/v1\n\n.*no network\n$/s);
  await script.body?.cancel();
});

Deno.test("a site serves the scripts that the page was split into, and no other file", async () => {
  const { get } = site();
  const names = ["/a-0123ABCD.js", "/b-0123ABCD.js", "/main.tsx", "/toString"];
  const answers = await Promise.all(names.map(get));
  equal(answers.map(({ status }) => status), [200, 404, 404, 404]);
  equal(await answers[0].text(), "2");
  await Promise.all(answers.slice(1).map(({ body }) => body!.cancel()));
});
