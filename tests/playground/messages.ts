/// <reference lib="dom" />
/** How messages look, and what can be done with one: Markdown, directions, copying, editing, versions. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { holdRequests } from "../../testkit/browser.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { rest } from "../../testkit/people.ts";
import { pageTest, stack } from "./setup.ts";

const MARKDOWN = `# The lamp

It was **dark**, *very* dark, and \`cold\`. [The sea](https://sea.example/a) knocked.
Twice.

1. oil
2. a wick
   - of wool

> Who is there?

| who | says |
| --- | ---: |
| sea | it is me |

\`\`\`py
def knock():
    return "three times, politely, the way a neighbour does who has come about the fence, and has time"
\`\`\`

---

![A lighthouse](https://pictures.example/x.png)

~~&eacute; &CounterClockwiseContourIntegral; &notit; &nosuch; &semi; &#129418;~~`;

const HOSTILE = [
  `<script>document.title = "caught"</script>`,
  `<img src=x onerror="document.title = 'caught'"> <iframe src="https://a.example">`,
  `[a](javascript:document.title='caught') [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) ![d](javascript:alert(1))`,
  `[e](https://e.example/"onmouseover="document.title='caught') <https://f.example/<b>>`,
  `${">".repeat(10_000)} deep`,
  `${"|a".repeat(1000)}|\n${"|-".repeat(1000)}|\n${"|b".repeat(1000)}|`,
  "*a_ ".repeat(20_000),
  "`".repeat(100_000),
];

pageTest("an answer is Markdown, as elements and never as HTML", async ({ window, page, exchange }) => {
  const asked: string[] = [];
  window.context.on("request", (request) => asked.push(new URL(request.url()).host));
  await exchange("# Not a *heading*\n  kept", MARKDOWN);
  const text = page.locator(".answer .text");
  equal(await page.locator(".prompt .text").textContent(), "# Not a *heading*\n  kept");
  for (
    const [selector, content] of Object.entries({
      "h3": "The lamp",
      "p strong": "dark",
      "p em": "very",
      "p s": "é ∳ &notit; &nosuch; ; 🦊",
      "p code": "cold",
      "ol > li > ul > li": "of wool",
      "blockquote p": "Who is there?",
      "td.to-right": "it is me",
    })
  ) equal((await text.locator(selector).textContent())?.trim(), content);
  equal(await text.locator("hr").count(), 1);
  match((await text.locator("pre").textContent())!, /^def knock\(\):\n {4}return/);
  ok(await text.locator("pre").evaluate((code) => code.scrollWidth > code.clientWidth), "the code scrolls");
  const links = await text.locator("a").evaluateAll((all) =>
    all.map((link) => [link.textContent, ...["href", "rel", "target"].map((name) => link.getAttribute(name))])
  );
  equal(links, [
    ["The sea", "https://sea.example/a", "noopener noreferrer", "_blank"],
    ["Image: A lighthouse", "https://pictures.example/x.png", "noopener noreferrer", "_blank"],
  ]);
  equal(asked.filter((host) => host.endsWith("example")), []);
  // No level is left out, from the title of the story on.
  const levels = await page.locator("main :is(h1, h2, h3, h4)").evaluateAll((all) => all.map(({ tagName }) => tagName));
  equal(levels, ["H1", "H2", "H2", "H3"]);
  await page.reload();
  await text.locator("h3").waitFor();
});

pageTest("a hostile text does nothing, and takes a bounded time", async ({ page, exchange }) => {
  await exchange("A tale", HOSTILE.join("\n\n"));
  await page.locator(".answer pre").getByText("|b|b").waitFor();
  await becomes(() => page.title(), "A tale · Storytellr");
  const markup = `<img src=x onerror="document.title='caught'"> & <b>bold</b>`;
  await exchange(markup, markup);
  const said = [page.locator(".prompt .text").last(), page.locator(".answer .text").last()];
  for (const text of said) await becomes(() => text.innerText(), markup);
  equal(await page.locator(".text :is(script, img, iframe, b, [onmouseover], [onerror])").count(), 0);
  const links = page.locator(".text a");
  const addresses = await links.evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
  ok(addresses.length > 0 && addresses.every((address) => /^(https?|mailto):/.test(address)), addresses.join());
});

pageTest("a growing answer is not drawn again: not what is finished, and not at its end", async (visit) => {
  const { visitor, page, call } = visit;
  await visitor.send("A tale");
  const answer = await call(1);
  await answer.token("# One\n\nThe **fi");
  const block = page.locator(".answer .text");
  await block.locator("strong").getByText("fi").waitFor();
  await answer.token("rst** line.\n\nThe second [one](https://a.exa");
  await visitor.shows("A tale", "One\n\nThe first line.\n\nThe second one");
  await page.evaluate(() => {
    const blocks = [...document.querySelectorAll(".answer, .answer h3, .answer p")];
    Object.assign(globalThis, { blocks });
  });
  await answer.token("mple) is here.\n\n```\nlet x");
  await block.locator("pre").getByText("let x").waitFor();
  await answer.token(";\n```\n");
  await answer.finish();
  await visitor.idle();
  await visitor.button("Copy").last().waitFor();
  const kept = await page.evaluate(() =>
    (globalThis as unknown as { blocks: Element[] }).blocks.map(({ isConnected }) => isConnected)
  );
  equal(kept, [true, true, true, true]);
});

pageTest("a long text that grows is in memory once, and not once for each block", async (visit) => {
  const { visitor, window, page, call } = visit;
  const devtools = await window.context.newCDPSession(page);
  const heap = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    return (await devtools.send("Runtime.getHeapUsage")).usedSize;
  };
  await visitor.send("A tale");
  const answer = await call(1);
  const grow = async (from: number, to: number) => {
    for (let count = from; count <= to; count++) {
      await answer.token(`Part ${count}. ${"A line of the story. ".repeat(400)}\n\n`);
      await page.getByText(`Part ${count}.`).waitFor();
    }
  };
  await grow(1, 3);
  const before = await heap();
  await grow(4, 30);
  const grown = await heap() - before;
  // Blocks that refer to the text of their own frame hold 4 MB more.
  ok(grown < 3_500_000, `It takes ${grown} bytes more`);
  await answer.finish();
});

pageTest("each block has the direction of its own letters, and code stays left to right", async (visit) => {
  const { visitor, page, exchange } = visit;
  await exchange("שלום עולם", "שלום\n\nHello\n\n- אחד\n- two\n\n> שלום\n\n```\nשלום\n```");
  const directions = await page.locator(":is(.prompt, .answer) .text :is(p, li, blockquote, pre)").evaluateAll((
    all,
  ) => all.map((element) => getComputedStyle(element).direction));
  equal(directions, ["rtl", "rtl", "ltr", "rtl", "ltr", "rtl", "rtl", "ltr"]);
  await visitor.composer.fill("مرحبا");
  equal(await visitor.composer.evaluate((box) => getComputedStyle(box).direction), "rtl");
});

pageTest("a message and its code are copied as written, also where the clipboard is refused", async (visit) => {
  const { window, page, button, exchange } = visit;
  await exchange("A *tale*", "**One**\n\n```js\n  let x;\n```");
  await window.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await button("Copy").last().click();
  await button("Copied").waitFor();
  await becomes(copied, "**One**\n\n```js\n  let x;\n```");
  await button("Copy code").click();
  await eventually("the code is copied", async () => await copied() === "  let x;\n");
  await page.evaluate(() => navigator.clipboard.writeText = () => Promise.reject(new Error("refused")));
  await button("Copy").first().click();
  await eventually("the prompt is copied", async () => await copied() === "A *tale*");
});

pageTest("a text is changed where it is, what follows stays, and the next answer knows it", async (visit) => {
  const { visitor, page, button, user, call, answer, exchange } = visit;
  await exchange("A dog", "Bark **loud**");
  await exchange("And then?", "Sleep");
  await button("Edit the answer").first().click();
  const editor = page.getByLabel("Edit the answer", { exact: true }).and(page.locator("textarea"));
  await becomes(() => editor.inputValue(), "Bark **loud**");
  await editor.fill("  ");
  await becomes(() => button("Save").isDisabled(), true);
  await editor.fill("Meow");
  await button("Save").click();
  await visitor.shows("A dog", "Meow", "And then?", "Sleep");
  await page.waitForFunction(() => document.activeElement?.ariaLabel === "Edit the answer");
  await button("Edit").first().click();
  await page.getByLabel("Edit your message").fill("A cat");
  await button("Save").click();
  await visitor.shows("A cat", "Meow", "And then?", "Sleep");
  await page.reload();
  await visitor.shows("A cat", "Meow", "And then?", "Sleep");
  await becomes(async () => (await rest(stack.target, user, "messages?select=id")).length, 4);
  await visitor.send("Go on");
  const contents = (await call(3)).body.messages.map(({ content }: { content: string }) => content);
  equal(contents, ["A cat", "Meow", "And then?", "Sleep", "Go on"]);
  await answer(3, "End");
});

pageTest("an answer in the user's words becomes a version, and the model's own stays", async (visit) => {
  const { visitor, page, button, user, exchange } = visit;
  await exchange("A dog", "Bark");
  await button("Edit the answer").click();
  const editor = page.locator(".editor textarea");
  await editor.fill("Meow");
  await button("Save as a version").click();
  await visitor.shows("A dog", "Meow");
  await page.getByText("2/2").waitFor();
  const path = "messages?select=content,stream_id&is_user_author=is.false&order=created_at";
  const rows = await rest(stack.target, user, path);
  equal(rows.map(({ content, stream_id }: Record<string, unknown>) => [content, stream_id === null]), [
    ["Bark", false],
    ["Meow", true],
  ]);
});

pageTest("versions are compared next to each other, one at a time on a phone, and one is kept", async (visit) => {
  const { visitor, page, button, answer, exchange } = visit;
  await exchange("A tale", "The *first*");
  for (const [count, text] of [[2, "The second"], [3, "The third"]] as const) {
    await button("Regenerate").click();
    await answer(count, text);
  }
  const versions = page.getByRole("dialog").getByRole("listitem");
  const inView = () =>
    versions.evaluateAll((all) =>
      all.filter((version) => {
        const { left, right } = version.getBoundingClientRect();
        const list = version.parentElement!.getBoundingClientRect();
        return left >= list.left - 1 && right <= list.right + 1;
      }).length
    );
  await button("Compare").click();
  await becomes(async () => [await versions.count(), await inView()], [3, 2]);
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 390, height: 800 });
  await button("Compare").click();
  await becomes(async () => [await versions.count(), await inView()], [3, 1]);
  await button("Keep this one, version 1").click();
  await visitor.shows("A tale", "The first");
  await page.getByText("1/3").waitFor();
});

pageTest("a new story that is stopped while it is stored gets no answer", async ({ visitor, page, call }) => {
  const { asked, release } = await holdRequests(page, "**/rest/v1/conversations*");
  await visitor.send("A new story");
  await asked;
  await visitor.composer.press("Escape");
  await page.getByText("Stopping…").waitFor();
  release();
  await (await call(1)).closed;
  await page.getByText("This message has no answer yet").waitFor();
  await visitor.shows("A new story");
});

pageTest("a prompt is on the page before anything has answered, in a new story too", async (visit) => {
  const { visitor, page, call, answer } = visit;
  const held: (() => void)[] = [];
  const hold = (pattern: string) =>
    page.route(pattern, async (route) => {
      if (route.request().method() === "POST") await new Promise<void>((resolve) => held.push(resolve));
      await route.continue();
    });
  await hold("**/rest/v1/conversations*");
  await hold("**/functions/v1/stream");
  await visitor.send("A new story");
  await visitor.shows("A new story", "");
  await eventually("the story is being stored", () => held.length === 1);
  await visitor.shows("A new story", "");
  held[0]();
  await eventually("the relay is asked", () => held.length === 2);
  await visitor.shows("A new story", "");
  held[1]();
  await answer(1, "It begins");
  await visitor.shows("A new story", "It begins");
  await visitor.send("And then?");
  await eventually("the relay is asked again", () => held.length === 3);
  await visitor.shows("A new story", "It begins", "And then?", "");
  held[2]();
  await call(2);
  await answer(2, "It ends");
  await visitor.shows("A new story", "It begins", "And then?", "It ends");
});
