/** examples/next, with what npm has today: Next and its compiler are 380 MB, so it runs on request. */

import { ok, strictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { testExamples } from "../client/examples.ts";
import { order } from "../client/scenarios.ts";

testExamples([{
  name: "next",
  title: "a route streams as the user of the session, and a refusal has its words",
  async serve(project, { url, key }) {
    const env = { NEXT_PUBLIC_SUPABASE_URL: url, NEXT_PUBLIC_SUPABASE_KEY: key };
    // The build checks the types, too.
    await project.bin("next", ["build"], env);
    return await project.serve("next", ["start", "--hostname", "127.0.0.1", "--port", "{port}"], env);
  },
  async drive({ page, answers }) {
    await page.fill("input[name=prompt]", order({ chunks: 150, pauseMs: 10 }));
    await page.click("button:visible");
    const shown = () => page.textContent("article");
    await eventually("the story begins", async () => await shown() !== "");
    // The page shows text before the answer has ended.
    const early = await shown();
    const [{ content }] = await answers(1);
    await eventually("all of it is shown", async () => await shown() === content);
    ok(early!.length < content.length);
    await page.fill("input[name=prompt]", "");
    await page.click("button:visible");
    const refusal = () => page.textContent("main [role=alert]");
    await eventually("the refusal is shown", async () => await refusal() !== "");
    equal(await refusal(), "Cannot accept the request: see issues for prompt");
  },
}]);
