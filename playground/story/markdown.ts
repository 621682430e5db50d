/**
 * Markdown as a tree of nodes, block by block, while a text grows. Pure: no page, no HTML.
 *
 * A text is read in windows, so that its cost grows with its length: finished blocks are kept and never read again,
 * and a block that outgrows a window is cut at a line. Each block is an object of its own, the same one until it changes.
 */

import MarkdownIt, { type Token } from "markdown-it";
import { mended } from "./markdown_tail.ts";

/** An element with its children, or a text. */
export type Node = string | Element;

/** What the page shows for a piece of Markdown. `code` and `image` are shown in a way of their own. */
export interface Element {
  tag: string;
  children: Node[];
  /** Of links and images; http, https or mailto. */
  href?: string;
  /** The language of a code block, as its author calls it. */
  language?: string;
  /** The first number of a list. */
  start?: number;
  /** The alignment of a cell. */
  align?: string;
}

/** Blocks that are shown together: the page leaves out parts that are far away. */
export type Part = readonly Element[];

/** A growing text. */
export interface Markdown {
  /** The parts of this text; those that are finished are the same objects as before. */
  read(text: string, isGrowing: boolean): readonly Part[];
}

/** Units that are read at once. */
const WINDOW = 16_384;

/** Blocks of a part. */
const PART_BLOCKS = 40;

/** Deeper nesting is shown as text. */
const MAX_NESTING = 24;

/** A wider table is shown as text: its layout would take seconds. */
const MAX_COLUMNS = 40;

/** The level of the heading above the text: that of its message. */
const LEVEL_ABOVE = 2;

const LINK = /^(https?:\/\/|mailto:)[^\s]/i;

const parser = createParser();

/**
 * Off are: HTML, which is text. Indented code: in stories such lines are paragraphs. Reference links: each block is read
 * alone. Setext headings: a line of dashes below a sentence is a break between scenes.
 */
function createParser(): InstanceType<typeof MarkdownIt> {
  const made = new MarkdownIt({ html: false, linkify: true, maxNesting: MAX_NESTING });
  made.disable(["code", "reference", "lheading"]);
  made.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  made.validateLink = (address: string) => LINK.test(address);
  return made;
}

/** The words of a text, without its marks; `most` units of it are read. */
export function plainText(text: string, most: number): string {
  return createMarkdown().read(copyOf(text.slice(0, most)), true).flat().map(textIn).join(" ");
}

/** All text of a tree. */
export function textIn(node: Node): string {
  return typeof node === "string"
    ? node
    : node.children.map(textIn).join(node.tag === "ul" || node.tag === "ol" ? " " : "");
}

interface Block {
  element: Element;
  /** Units from the beginning of what was read. */
  start: number;
  /** The level of the last heading up to and with it. */
  level: number;
}

interface State {
  /** The text that the kept blocks were made of. */
  text: string;
  parts: Part[];
  /** The last part, which is not full. */
  open: Element[];
  level: number;
  /** What a block that was cut begins with again: the fence of code, the head of a table. */
  opener: string;
}

const nothing = (): State => ({ text: "", parts: [], open: [], level: LEVEL_ABOVE, opener: "" });

/** Nothing is read at first. */
export function createMarkdown(): Markdown {
  let kept = nothing();
  let last: { text: string; isGrowing: boolean; parts: readonly Part[] } | undefined;
  return {
    read(text, isGrowing) {
      if (last?.text === text && last.isGrowing === isGrowing) return last.parts;
      if (!text.startsWith(kept.text)) kept = nothing();
      const left = keepFinished(kept, text);
      // With its opener: what ends in a block of code is not closed as a sentence is.
      const tail = kept.opener + copyOf(left);
      const blocks = blocksOf(isGrowing ? mended(tail) : tail, kept.level);
      const parts = [...kept.parts];
      const rest = [...kept.open, ...blocks.map(({ element }) => element)];
      for (let start = 0; start < rest.length; start += PART_BLOCKS) parts.push(rest.slice(start, start + PART_BLOCKS));
      last = { text, isGrowing, parts };
      return parts;
    },
  };
}

/** Moves to what is kept all blocks that no further text can change; answers what is left of the text. */
function keepFinished(kept: State, text: string): string {
  for (;;) {
    const rest = text.slice(kept.text.length);
    const window = copyOf(rest.slice(0, WINDOW));
    // The last line may become anything, so it ends no block before it.
    const whole = window.slice(0, window.lastIndexOf("\n") + 1);
    const blocks = whole === "" ? [] : blocksOf(kept.opener + whole, kept.level);
    const next = blocks.at(-1)?.start ?? 0;
    if (next > kept.opener.length) {
      keep(kept, blocks.slice(0, -1), whole.slice(0, next - kept.opener.length), "");
    } else if (rest.length > WINDOW) {
      // One block that fills the window.
      const cut = whole === "" ? window.slice(0, cutOf(window)) : whole;
      const part = kept.opener + cut;
      keep(kept, blocksOf(part, kept.level), cut, openerOf(part));
    } else return rest;
  }
}

/**
 * An engine stores a slice as a view of the text that it was cut from. A thousand blocks would keep a thousand texts in
 * memory, 1.7 GB for a story of a million characters. This copy keeps nothing but itself.
 */
function copyOf(slice: string): string {
  return (" " + slice).slice(1);
}

function keep(kept: State, blocks: Block[], text: string, opener: string) {
  kept.text += text;
  kept.opener = opener;
  kept.level = blocks.at(-1)?.level ?? kept.level;
  for (const { element } of blocks) {
    kept.open.push(element);
    if (kept.open.length === PART_BLOCKS) kept.parts.push(kept.open.splice(0));
  }
}

/** Where a line that fills a window is cut: after a space, and never within a character. */
function cutOf(window: string): number {
  const space = window.lastIndexOf(" ") + 1;
  if (space > WINDOW / 2) return space;
  return /[\ud800-\udbff]$/.test(window) ? window.length - 1 : window.length;
}

/** What the rest of a block that was cut begins with, so that it stays the same kind of block. */
function openerOf(block: string): string {
  const [fence] = /^ {0,3}(?:`{3,}[^`\n]*|~{3,}[^\n]*)\n/.exec(block) ?? [];
  if (fence) return fence;
  const [head] = /^.*\|.*\n[ \t]*[|:-][|: \t-]*\n/.exec(block) ?? [];
  return head ?? "";
}

function blocksOf(text: string, level: number): Block[] {
  const starts = lineStarts(text);
  const blocks: Block[] = [];
  const tokens = parser.parse(text, {});
  for (let index = 0; index < tokens.length;) {
    let end = index + 1;
    if (tokens[index].nesting === 1) { while (tokens[end].level > 0) end++; }
    const own = tokens.slice(index, tokens[index].nesting === 1 ? end + 1 : end);
    index += own.length;
    const [from, to] = own[0].map!;
    const start = starts[from];
    const levels = { last: level };
    const element = isTooMuch(own)
      ? { tag: "code", children: [text.slice(start, starts[to] ?? text.length)] }
      : elementsOf(own, levels)[0] as Element;
    level = levels.last;
    blocks.push({ element, start, level });
  }
  return blocks;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n?|\n/g)) starts.push(index + end.length);
  return starts;
}

/** Deeper levels are left out by the parser, and would be lost. */
function isTooMuch(tokens: Token[]): boolean {
  const columns = tokens.filter(({ type }) => type === "th_open").length;
  return columns > MAX_COLUMNS || tokens.some(({ level }) => level >= MAX_NESTING - 1);
}

interface Levels {
  last: number;
}

/** The tree that is written in opening and closing tokens. */
function elementsOf(tokens: Token[], levels: Levels): Node[] {
  const root: Element = { tag: "", children: [] };
  const open = [root];
  for (const token of tokens) {
    const { children } = open.at(-1)!;
    if (token.nesting === -1) {
      // A paragraph of a tight list is hidden: its text is the item's own.
      if (!token.hidden) open.pop();
    } else if (token.nesting === 1) {
      if (token.hidden) continue;
      const element = elementOf(token, levels);
      children.push(element);
      open.push(element);
    } else if (token.type === "inline") {
      for (const node of elementsOf(token.children ?? [], levels)) add(children, node);
    } else add(children, leafOf(token, open.some(({ tag }) => tag === "a")));
  }
  return root.children;
}

function add(children: Node[], node: Node) {
  const last = children.length - 1;
  if (typeof node === "string" && typeof children[last] === "string") children[last] += node;
  else if (node !== "") children.push(node);
}

function elementOf(token: Token, levels: Levels): Element {
  const element: Element = { tag: token.tag, children: [] };
  const start = token.attrGet("start");
  const align = /left|center|right/.exec(String(token.attrGet("style")))?.[0];
  if (token.tag === "a") element.href = String(token.attrGet("href"));
  if (start !== null) element.start = Number(start);
  if (align !== undefined) element.align = align;
  if (token.type === "heading_open") {
    // No level is left out, whatever the text does.
    levels.last = Math.min(Number(token.tag[1]) + LEVEL_ABOVE, levels.last + 1, 6);
    element.tag = `h${levels.last}`;
  }
  return element;
}

function leafOf(token: Token, isInLink: boolean): Node {
  const { type, content, info, children } = token;
  switch (type) {
    case "fence": {
      const [language = ""] = info.trim().split(/\s/);
      return { tag: "code", children: [content], ...(language ? { language: language.slice(0, 40) } : {}) };
    }
    case "code_inline":
      return { tag: "kbd", children: [content] };
    case "image": {
      const alt = children?.map(({ content }) => content).join("") || "image";
      const src = token.attrGet("src");
      return isInLink || !src ? alt : { tag: "image", children: [alt], href: String(src) };
    }
    case "hr":
      return { tag: "hr", children: [] };
    case "softbreak":
    case "hardbreak":
      return "\n";
    default:
      return content;
  }
}
