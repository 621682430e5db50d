/** A front end on useStory, rendered in Chromium under StrictMode, on React 18 and 19. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import importMap from "../../import_map.json" with { type: "json" };
import { hasChromium, holdRequests } from "../../testkit/browser.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { skip } from "../../testkit/skipped.ts";
import { bundle, reload, useChromium, useStack, withPage } from "./runtimes.ts";
import { order, signUpWithBot } from "./scenarios.ts";
import type { counts, StoryConfiguration } from "./story_page.ts";
import { contentOf, createWriter, failAndRegenerate, LONG, parentOf, writeBranches } from "./writer.ts";

const PAGE = "tests/client/story_page.ts";

const setup = useStack();
let scripts: Record<18 | 19, string>;

/** The page with React 18 in place of the one that the repository uses. */
async function bundleForReact18(): Promise<string> {
  const map = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const { "react-18": react, "react-dom-18/client": dom, ...imports } = importMap.imports;
    await Deno.writeTextFile(map, JSON.stringify({ imports: { ...imports, react, "react-dom/client": dom } }));
    return await bundle(PAGE, `--import-map=${map}`);
  } finally {
    await Deno.remove(map);
  }
}

/** A page with a story on it, and the rows of its user. */
async function storyOn(page: Page, script: string) {
  const { workers: [url], supabaseUrl, publishableKey } = setup.target;
  const user = await signUpWithBot(setup);
  const writer = createWriter(setup.target, user, page);
  const posts: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url() === `${url}/stream`) posts.push(request.postData()!);
  });
  async function mount(configuration: Partial<StoryConfiguration> = {}) {
    const common = { url, token: user.token, supabaseUrl, publishableKey, conversationId: null };
    await page.evaluate(`mount(${JSON.stringify({ ...common, ...configuration })})`);
    await page.waitForSelector("main");
  }
  return {
    ...writer,
    mount,
    /** The bodies of the starts. */
    posts,
    counts: () => page.evaluate<typeof counts>("counts"),
    /** Loads the page again, which knows its conversation from its address. */
    async reload(configuration: Partial<StoryConfiguration> = {}) {
      const { id } = await writer.conversation();
      await reload(page, script);
      await mount({ conversationId: id, ...configuration });
    },
  };
}

function storyTest(rule: string, run: (story: Awaited<ReturnType<typeof storyOn>>) => Promise<void>, ...further: 18[]) {
  for (const version of [19, ...further] as const) {
    Deno.test(`useStory in Chromium, React ${version}: ${rule}`, () =>
      withPage(scripts[version], async (page) => {
        const story = await storyOn(page, scripts[version]);
        await run(story);
        const { complaints, version: loaded } = await story.counts();
        equal([complaints, loaded.split(".")[0]], [[], String(version)]);
      }));
  }
}

if (hasChromium()) {
  useChromium();
  Deno.test.beforeAll(async () => {
    const bundles = await Promise.all([bundle(PAGE), bundleForReact18()]);
    scripts = { 19: bundles[0], 18: bundles[1] };
  });

  storyTest("an effect that starts a story starts one, and it is read to its end", async (story) => {
    await story.mount({ prompt: order({ chunks: 30 }) });
    const rows = await story.ended(2);
    await story.shows(rows.map(contentOf));
    // StrictMode ran each effect twice.
    equal([(await story.counts()).effects, story.posts.length], [2, 1]);
  }, 18);

  storyTest("edited, next and regenerated messages are stored where they are shown", async (story) => {
    await story.mount();
    await writeBranches(story);
    await story.press("New");
    await story.shows([]);
  });

  storyTest(
    "what was stopped is continued, a version is chosen, and a page that is loaded again shows it",
    async (story) => {
      await story.mount();
      await story.press("Send", { chunks: 10, end: "wait" });
      await story.grown(10);
      await story.press("Stop");
      const [question, stopped] = await story.ended(2);
      equal([stopped.finish_reason, stopped.is_complete], ["cancelled", false]);
      await story.shows([question, stopped].map(contentOf));
      await story.press("Continue");
      await story.grown(stopped.content.length);
      const whole = (await story.ended(3))[2];
      ok(whole.content.startsWith(stopped.content) && whole.content.length > stopped.content.length);
      await story.shows([question, whole].map(contentOf));
      await becomes(() => story.page.textContent("i"), "1 of 2");
      // The page is left while the choice is on its way.
      const { asked, release } = await holdRequests(story.page, "**/rest/v1/conversations?*", "PATCH");
      const url = story.page.url();
      await story.press("First version");
      await story.shows([question, stopped].map(contentOf));
      await asked;
      await story.page.goto("about:blank");
      release();
      await becomes(async () => (await story.conversation()).active_message_id, String(stopped.id));
      await story.page.goto(url);
      await story.reload();
      await story.shows([question, stopped].map(contentOf));
      await becomes(() => story.page.textContent("i"), "0 of 2");
      await story.press("Answer");
      const turn = (await story.ended(4))[3];
      equal([parentOf(turn), turn.is_user_author], [stopped.id, false]);
      await story.shows([question, stopped, turn].map(contentOf));
    },
  );

  storyTest("a page that is loaded again goes on with an answer, and another device finds it", async (story) => {
    await story.mount();
    await story.press("Send", { chunks: 2 });
    await story.ended(2);
    await story.press("Send", LONG);
    await eventually("two answers", async () => (await story.shown()).length === 4);
    const before = await story.grown(20);
    await story.reload();
    await story.page.waitForSelector(`output:text-is("streaming")`);
    ok((await story.grown(before.length)).startsWith(before));
    await story.page.evaluate("sessionStorage.clear()");
    await story.reload();
    await story.page.waitForSelector(`output:text-is("streaming")`);
    await story.press("Stop");
    const rows = await story.ended(4);
    await story.shows(rows.map(contentOf));
    equal(story.posts.length, 2);
    await story.press("Regenerate");
    await story.page.waitForSelector(`output:text-is("streaming")`);
    await story.press("Stop");
    equal(parentOf((await story.ended(5))[4]), rows[2].id);
  });

  storyTest("one that leaves the page is not updated any more, and comes back to its answer", async (story) => {
    await story.mount();
    await story.press("Send", LONG);
    const before = await story.grown(20);
    await story.press("Leave");
    const { renders } = await story.counts();
    equal((await story.rows()).length, 1);
    equal((await story.counts()).renders, renders);
    await story.press("Return");
    ok((await story.grown(before.length)).startsWith(before));
    await story.press("Stop");
    await story.shows((await story.ended(2)).map(contentOf));
    equal(story.posts.length, 1);
  }, 18);

  storyTest(
    "two hooks on one conversation each read it, either can stop it, and reload() shows what the other one wrote",
    async (story) => {
      const second = (name: string) => story.page.locator("section").nth(1).getByRole("button", { name }).click();
      await story.mount({ isTwice: true });
      await story.press("Send", LONG);
      await story.page.waitForSelector(`output:text-is("streaming")`);
      await story.reload({ isTwice: true });
      await eventually("both stream it", async () => {
        const texts = await story.shown();
        return texts.length === 4 && texts[1]!.length > 20 && texts[3]!.length > 20;
      });
      await second("Stop");
      const rows = await story.ended(2);
      // What the first one was sent is not cut, although the second one may have shown less when it was stopped.
      await story.shows([...rows, ...rows].map(contentOf));
      await story.press("Send", { chunks: 3 });
      const all = await story.ended(4);
      await story.page.locator("li").nth(all.length + 1).waitFor();
      await second("Reload");
      await story.shows([...all, ...all].map(contentOf));
      equal(story.posts.length, 2);
    },
  );

  storyTest("a failure is the relay's typed error, and regenerate gives another answer", async (story) => {
    await story.mount();
    await failAndRegenerate(story);
  });
} else skip("useStory in a browser: there is no Chromium");
