/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { createMarkdown, type Node, plainText, textIn } from "./markdown.ts";
import { mended } from "./markdown_tail.ts";

/** The tree as short as it can be read: `p(a strong(b))`. */
function shown(node: Node): string {
  if (typeof node === "string") return node;
  const { tag, children, href, language, start, align } = node;
  const notes = [href, language, start, align].filter((note) => note !== undefined).map((note) => `[${note}]`);
  return `${tag}${notes.join("")}(${children.map(shown).join("")})`;
}

const read = (text: string, isGrowing = false) => createMarkdown().read(text, isGrowing).flat().map(shown);

Deno.test("Markdown becomes a tree of elements and texts", () => {
  equal(read("One *a* **b** ~~c~~ `d`\ntwo\n\n> q\n\n- x\n- y\n\n3. z\n\n---\n\n```js\n  x  y\n```"), [
    "p(One em(a) strong(b) s(c) kbd(d)\ntwo)",
    "blockquote(p(q))",
    "ul(li(x)li(y))",
    "ol[3](li(z))",
    "hr()",
    "code[js](  x  y\n)",
  ]);
  equal(read("|a|b|\n|-|-:|\n|1|2|"), ["table(thead(tr(th(a)th[right](b)))tbody(tr(td(1)td[right](2))))"]);
});

Deno.test("plainText() gives a text without its Markdown marks, cut at a length", () => {
  const text = "# The *lamp*\n\nIt was **dark**, [very](https://a.example).\n\n- a\n- b";
  equal(plainText(text, 400), "The lamp It was dark, very. a b");
  equal(plainText(text, 24), "The lamp It was d");
});

Deno.test("a line below a sentence is a break, and an indented one a paragraph", () => {
  equal(read("He left.\n---\n    She stayed."), ["p(He left.)", "hr()", "p(She stayed.)"]);
});

Deno.test("headings begin below that of the message, and leave out no level", () => {
  equal(read("# a\n\n### b\n\n## c\n\n###### d"), ["h3(a)", "h4(b)", "h4(c)", "h5(d)"]);
  equal(read("##### a"), ["h3(a)"]);
});

Deno.test("HTML is text", () => {
  const hostile = `<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b <!-- c -->`;
  equal(read(hostile), hostile.split("\n\n").map((text) => `p(${text})`));
});

Deno.test("only http, https and mailto are links; an image is a link to it", () => {
  equal(read("[a](https://a.example/x) [b](mailto:b@b.example) https://c.example"), [
    "p(a[https://a.example/x](a) a[mailto:b@b.example](b) a[https://c.example](https://c.example))",
  ]);
  for (const address of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "/x", "#x"]) {
    equal(read(`[a](${address})`), [`p([a](${address}))`]);
    equal(read(`![a](${address})`), [`p(![a](${address}))`]);
  }
  equal(read("[a](&#106;avascript:x)"), ["p([a](javascript:x))"]);
  equal(read("![a fox](https://a.example/x.png)"), ["p(image[https://a.example/x.png](a fox))"]);
  equal(read("[![a](https://a.example/x)](https://b.example)"), ["p(a[https://b.example](a))"]);
});

const STORY =
  "# One\n\nA *line* here.\n\n- a\n- b\n\n1. x\n\n2. y\n\n```\n  code\n\n  more\n```\n\n|a|b|\n|-|-|\n|c|d|\n\nEnd";

Deno.test("a text that grows letter by letter ends as one that is there at once", () => {
  const markdown = createMarkdown();
  for (let end = 1; end < STORY.length; end++) markdown.read(STORY.slice(0, end), true);
  equal(markdown.read(STORY, false), createMarkdown().read(STORY, false));
});

Deno.test("what is finished stays the same object; a text that does not go on from it is read anew", () => {
  const markdown = createMarkdown();
  const [[first]] = markdown.read("a\n\nb\n\nc", true);
  equal(markdown.read("a\n\nb\n\nc d", true)[0][0] === first, true);
  equal(markdown.read("a\n\nb\n\nc d", true), markdown.read("a\n\nb\n\nc d", true));
  equal(markdown.read("x", false), [[{ tag: "p", children: ["x"] }]]);
});

Deno.test("no part and no block is longer than a window, and nothing of a text is lost", () => {
  const words = "lorem ipsum ".repeat(20_000);
  for (const text of [words, words.replaceAll("m ", "m\n"), words.replaceAll("m ", "m\n\n"), "🦊".repeat(40_000)]) {
    const parts = createMarkdown().read(text, false);
    ok(parts.flat().every((block) => textIn(block).length <= 20_000));
    equal(parts.flat().map(textIn).join("").replace(/\s/g, ""), text.replace(/\s/g, ""));
  }
  const open = createMarkdown().read("```js\n" + "a **b\n".repeat(5_000) + "a **b", true).flat();
  equal([open.length > 1, textIn(open.at(-1)!).endsWith("a **b")], [true, true]);
  const code = createMarkdown().read("```js\n" + "let x;\n".repeat(10_000) + "```\n\nend", false).flat();
  equal(code.map(({ tag }) => tag).join(), "code,".repeat(code.length - 1) + "p");
  equal(code.slice(0, -1).map(textIn).join(""), "let x;\n".repeat(10_000));
});

Deno.test("what is nested too deeply, or too wide, is shown as it was written", () => {
  const nested = `${">".repeat(10_000)} a`;
  equal(read(nested), [`code(${nested})`]);
  const wide = ["|a", "|-", "|b"].map((cell) => cell.repeat(1000) + "|").join("\n");
  equal(read(wide), [`code(${wide})`]);
});

Deno.test("hostile texts are bounded: what they cost grows with their length alone", () => {
  const texts = [
    "`",
    "*",
    "_a*",
    "*a_ ",
    "[",
    "[a](",
    "![[](",
    "<",
    "&#x",
    "~~a",
    "> ",
    "- ",
    "|a",
    "**a *b",
    "\\",
    "# ",
  ];
  for (const text of texts) {
    const long = text.repeat(Math.ceil(50_000 / text.length));
    for (const isGrowing of [false, true]) ok(createMarkdown().read(long, isGrowing).length > 0);
  }
});

Deno.test("the end of a growing text is closed as it will probably go on", () => {
  const cases: [string, string][] = [
    ["a **bo", "a **bo**"],
    ["a *b **c", "a *b **c***"],
    ["a **b ", "a **b**"],
    ["a **b**", "a **b**"],
    ["a `co", "a `co`"],
    ["a `", "a "],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["snake_case", "snake_case"],
    ["see [the fox](https://a.ex", "see the fox"],
    ["see [the f", "see the f"],
    ["an ![alt](https", "an alt"],
    ["text\n-", "text\n"],
    ["text\n\n##", "text\n\n"],
    ["text\n\n``", "text\n\n"],
    ["text\n\n2", "text\n\n2"],
    ["text\n\n2.", "text\n\n"],
    ["```js\nlet *x", "```js\nlet *x"],
    ["|a|b", "|a|b\n|-|-|"],
    ["|a|b|\n|-", "|a|b|\n|-|-|"],
    ["\\*a", "\\*a"],
  ];
  for (const [text, wanted] of cases) equal(mended(text), wanted, text);
});
