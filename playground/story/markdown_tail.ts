/** Closes what is still open at the end of a growing text, as the text will probably do itself. Pure. */

const WORD = /[\p{L}\p{N}]/u;

/** The last block is read again with each frame, so what is added here stands for no longer than that. */
export function mended(text: string): string {
  const fence = openFence(text);
  if (fence) return text;
  const start = text.lastIndexOf("\n\n") + 1;
  const block = mendedTable(text.slice(start)) ?? text.slice(start);
  const lineStart = block.lastIndexOf("\n") + 1;
  // The beginning of a fence, a heading, a list or a break, and no text yet.
  if (/^\s*(?:`{1,2}|~{1,2}|[*_-]{1,2}|#{1,6}|\d{1,9}[.)])$/.test(block.slice(lineStart))) {
    return text.slice(0, start) + block.slice(0, lineStart);
  }
  return text.slice(0, start) + closed(block);
}

/** Whether the text ends in a block of code. */
function openFence(text: string): boolean {
  let fence = "";
  for (const [, marks, info] of text.matchAll(/^[ \t>]*(`{3,}|~{3,})(.*)$/gm)) {
    if (fence === "") fence = marks;
    else if (marks.startsWith(fence) && info.trim() === "") fence = "";
  }
  return fence !== "";
}

/** A table is one once its second line is whole: until then it has one for all columns of its head. */
function mendedTable(block: string): string | undefined {
  const [, before, head, line] = /^(\n*)(\|[^\n]*)(\n[|:\- \t]*)?$/.exec(block) ?? [];
  if (head === undefined || line === undefined && !/\|.*\|/.test(head)) return undefined;
  const columns = head.replace(/\\\|/g, "").replace(/\|\s*$/, "").split("|").length - 1;
  return `${before}${head}\n${"|-".repeat(columns)}|`;
}

/** Closes emphasis and code that is open at the end; of an open link only the text is kept. */
function closed(block: string): string {
  const open: string[] = [];
  let code = "";
  for (let at = 0; at < block.length; at++) {
    const character = block[at];
    if (character === "\\" && code === "") at++;
    else if (character === "`") {
      const [ticks] = /^`+/.exec(block.slice(at, at + 64))!;
      if (code === "") code = ticks;
      else if (code === ticks) code = "";
      at += ticks.length - 1;
    } else if (code === "" && (character === "*" || character === "_" || character === "~")) {
      let end = at;
      while (block[end] === character && end - at < 3) end++;
      const marks = block.slice(at, end);
      toggle(open, marks, block[at - 1] ?? " ", block[end] ?? " ");
      at = end - 1;
    }
  }
  if (code !== "") {
    // A code that has no text yet is none.
    return block.endsWith(code) ? block.slice(0, -code.length) : block + code;
  }
  const text = withoutOpenLink(block);
  return open.length === 0 ? text : withClosers(text, open);
}

function toggle(open: string[], marks: string, before: string, after: string) {
  if (marks[0] === "~" && marks !== "~~") return;
  const index = open.lastIndexOf(marks);
  if (index >= 0 && !/\s/.test(before)) open.length = index;
  // A mark within a word or before a space opens nothing.
  else if (!/\s/.test(after) && !(marks[0] === "_" && WORD.test(before))) open.push(marks);
}

/** Closing marks come after a word: a space between would keep them from closing. */
function withClosers(text: string, open: string[]): string {
  const trimmed = text.trimEnd();
  return trimmed + open.toReversed().join("");
}

function withoutOpenLink(block: string): string {
  const [link, label] = /!?\[([^\]\[\n]{0,300})\]\([^)\s]{0,2000}$/.exec(block.slice(-2400)) ?? [];
  if (link !== undefined) return block.slice(0, block.length - link.length) + label;
  const [start, text] = /!?\[([^\]\[\n]{0,300})\]?$/.exec(block.slice(-310)) ?? [];
  return start === undefined ? block : block.slice(0, block.length - start.length) + text;
}
