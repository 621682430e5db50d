/** The list of conversations by days, each with a menu, and more of them at its end. */

import { useEffect, useId, useRef } from "preact/hooks";
import { groupByDay, timeText } from "../copy/dates.ts";
import type { Conversation } from "../data/rows.ts";
import { linkTo } from "../platform/address.ts";
import { Icon } from "./controls.tsx";
import { Menu } from "./menu.tsx";
import { useSession } from "./session_context.ts";

export function StoryList({ onChosen }: { onChosen(): void }) {
  const { conversations, hasMore } = useSession();
  const id = useId();
  const rows = conversations.value;
  return (
    <nav class="conversations" aria-label="Stories">
      {rows?.length === 0 && <p class="hint">Your stories will be listed here.</p>}
      {groupByDay(rows ?? [], new Date()).map(({ title, day, rows }) => (
        <section key={day}>
          <h2 class="day" id={`${id}-${day}`}>
            <time dateTime={day}>{title}</time>
          </h2>
          <ul aria-labelledby={`${id}-${day}`}>
            {rows.map((row) => <StoryRow key={row.id} conversation={row} onChosen={onChosen} />)}
          </ul>
        </section>
      ))}
      {hasMore.value && <More count={rows?.length ?? 0} />}
    </nav>
  );
}

function StoryRow({ conversation, onChosen }: { conversation: Conversation; onChosen(): void }) {
  const { running, current, titleText } = useSession();
  const { id, updated_at } = conversation;
  const isRunning = running.value.includes(id);
  return (
    <li class="conversation-row" data-conversation={id}>
      <a
        href={linkTo(id)}
        class={isRunning ? "conversation-link running" : "conversation-link"}
        title={timeText(updated_at)}
        aria-current={id === current.id.value ? "page" : undefined}
        onClick={onChosen}
      >
        <span class="line" dir="auto">{titleText(conversation)}</span>
        {isRunning && <span class="visually-hidden">(being written)</span>}
      </a>
      <RowMenu conversation={conversation} />
    </li>
  );
}

function RowMenu({ conversation }: { conversation: Conversation }) {
  const { dialog, titleText } = useSession();
  const open = (name: "rename" | "delete") => {
    const next = rowAfter(conversation.id);
    dialog.value = { name, conversation, onDone: () => requestAnimationFrame(() => focusRow(next)) };
  };
  const items = () => [
    { text: "Rename…", onChoose: () => open("rename") },
    { text: "Delete…", isDanger: true, onChoose: () => open("delete") },
  ];
  return (
    <Menu kind="row-menu" label={`Menu of ${titleText(conversation)}`} isNear items={items}>
      <Icon name="more" />
    </Menu>
  );
}

/** The row that has the place of a deleted one: the next, or else the one before. */
function rowAfter(id: string): string | undefined {
  const rows = [...document.querySelectorAll<HTMLElement>(".conversation-row")].map((row) => row.dataset.conversation!);
  const index = rows.indexOf(id);
  return rows[index + 1] ?? rows[index - 1];
}

function focusRow(id: string | undefined) {
  const rows = document.querySelectorAll<HTMLElement>(".conversation-row");
  const row = [...rows].find(({ dataset }) => dataset.conversation === id);
  (row?.querySelector("a") ?? document.querySelector<HTMLElement>(".sidebar a"))?.focus();
}

/** Reads more when it comes into view, and on request. */
function More({ count }: { count: number }) {
  const { readMore } = useSession();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const sight = new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting) readMore();
    });
    sight.observe(button.current!);
    return () => sight.disconnect();
    // Where more has come and it is still in view, that is seen again.
  }, [count]);
  return <button type="button" class="row-button more" ref={button} onClick={readMore}>Older stories</button>;
}
