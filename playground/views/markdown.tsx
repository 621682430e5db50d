/** Shows Markdown as elements of the page: a text never becomes HTML, and nothing is loaded from an address in it. */

import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { createMarkdown, type Element, type Node, type Part } from "../story/markdown.ts";
import { CopyButton } from "./copy_button.tsx";

/** A text that is whole. */
export function Markdown({ text }: { text: string }) {
  return useMarkdown(text, false);
}

/**
 * `isGrowing`: its end is shown as it will probably go on. A hook, and no component with the text as a property: Preact
 * keeps those properties for each block that is not drawn again, and so each block would keep the text of another frame.
 */
export function useMarkdown(text: string, isGrowing: boolean): VNode {
  const markdown = useMemo(createMarkdown, []);
  const parts = markdown.read(text, isGrowing);
  return (
    <div class={parts.length > 1 ? "text long" : "text"}>
      {parts.map((part, index) => <PartView key={index} part={part} />)}
    </div>
  );
}

/** What is finished is the same object as before, and so is what is made of it: Preact then looks no further. */
function PartView({ part }: { part: Part }) {
  return useMemo(
    () => <div class="part">{part.map((block, index) => <Block key={index} block={block} />)}</div>,
    [part],
  );
}

function Block({ block }: { block: Element }) {
  return useMemo(() => elementOf(block), [block]);
}

/** What has a direction of its own: that of its first letter. */
const WITH_DIRECTION = ["p", "li", "h3", "h4", "h5", "h6", "th", "td"];

function nodeOf(node: Node): string | VNode {
  return typeof node === "string" ? node : elementOf(node);
}

function elementOf(element: Element): VNode {
  const { tag, href, language, start, align } = element;
  const children = element.children.map(nodeOf);
  switch (tag) {
    case "a":
      return <Link href={href!}>{children}</Link>;
    case "image":
      return <Link href={href!}>Image: {children}</Link>;
    case "code":
      return <Code text={String(element.children[0])} language={language} />;
    case "kbd":
      return <code dir="ltr">{children}</code>;
    case "table":
      return (
        <div class="table" role="group" aria-label="Table" tabIndex={0}>
          <table>{children}</table>
        </div>
      );
    default: {
      const Tag = tag as "li";
      return (
        <Tag
          class={align && `to-${align}`}
          dir={WITH_DIRECTION.includes(tag) ? "auto" : undefined}
          {...(start === undefined ? {} : { start })}
        >
          {children}
        </Tag>
      );
    }
  }
}

/** The address is shown when the pointer is over it: the text of a link may say another one. */
function Link({ href, children }: { href: string; children: ComponentChildren }) {
  return <a href={href} title={href} target="_blank" rel="noopener noreferrer">{children}</a>;
}

function Code({ text, language }: { text: string; language?: string }) {
  const label = language ? `Code: ${language}` : "Code";
  return (
    <div class="code" dir="ltr">
      <div class="code-head">
        <span>{language ?? ""}</span>
        <CopyButton text={text} label="Copy code" />
      </div>
      <pre role="group" aria-label={label} tabIndex={0}><code>{text}</code></pre>
    </div>
  );
}
