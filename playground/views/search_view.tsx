/** The search for words in all stories: a field, and what was found. */

import { useSession } from "./session_context.ts";
import { timeText } from "../copy/dates.ts";
import { around, highlighted } from "../copy/excerpts.ts";
import type { Hit } from "../data/rows.ts";
import { linkTo } from "../platform/address.ts";
import { isComposing } from "../platform/keyboard.ts";
import type { Search } from "../story/search.ts";
import { Icon } from "./controls.tsx";

export function SearchField({ search: { words } }: { search: Search }) {
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        aria-label="Search your stories"
        placeholder="Search"
        maxLength={200}
        autoComplete="off"
        value={words.value}
        onInput={({ currentTarget }) => words.value = currentTarget.value}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || isComposing(event) || words.value === "") return;
          // Else it would stop an answer, or close the drawer.
          event.preventDefault();
          words.value = "";
        }}
      />
    </div>
  );
}

export function SearchResults({ search, onChosen }: { search: Search; onChosen(): void }) {
  const hits = search.hits.value;
  return (
    <section class="conversations" aria-label="Found">
      <p class="hint" role="status">{statusOf(search)}</p>
      {search.error.value && <p class="form-error" role="alert">{search.error.value}</p>}
      <ul>
        {hits?.map((hit) => (
          <li key={`${hit.conversation_id} ${hit.message_id}`}>
            <HitLink hit={hit} words={search.found.value} onChosen={onChosen} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function HitLink({ hit, words, onChosen }: { hit: Hit; words: string; onChosen(): void }) {
  const { titleText } = useSession();
  const { conversation_id: id, message_id, title, opening, excerpt, is_user_author, at } = hit;
  return (
    <a class="hit" href={linkTo(id, message_id)} onClick={onChosen}>
      <strong dir="auto">
        {message_id === null ? <Marked text={title} words={words} /> : titleText({ id, title, opening })}
      </strong>
      {excerpt !== null && (
        <span dir="auto">
          <span class="visually-hidden">{is_user_author ? "You: " : "Story: "}</span>
          <Marked text={around(excerpt, words)} words={words} />
        </span>
      )}
      <time dateTime={at}>{timeText(at)}</time>
    </a>
  );
}

function Marked({ text, words }: { text: string; words: string }) {
  return (
    <>{highlighted(text, words).map(({ text, isFound }, index) => isFound ? <mark key={index}>{text}</mark> : text)}</>
  );
}

function statusOf({ words, hits, isSearching, error }: Search): string {
  if (error.value) return "";
  if (isSearching.value) return "Searching…";
  if (hits.value === null) return words.value.trim() ? "Type one more character." : "";
  const { length } = hits.value;
  if (length === 0) return "Nothing was found.";
  return length === 1 ? "1 place" : `${length} places`;
}
