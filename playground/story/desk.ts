/** The open story: its messages, the leaf that is read, and what can be done with them. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { RelayClient } from "../../client/client.ts";
import type { Message, Story } from "../data/rows.ts";
import { changeStory, listMessages, readStory } from "../data/stories.ts";
import { dataFailure } from "../words/failures.ts";
import { createPen } from "./pen.ts";
import type { Pen } from "./pen_types.ts";
import { running } from "./running.ts";
import { createTree, type Tree } from "./tree.ts";

/** What the page shows of a story, and what a reader can do. */
export interface Desk {
  /** Null: a story that has not begun, which exists on this page alone. */
  storyId: ReadonlySignal<string | null>;
  state: ReadonlySignal<"loading" | "ready" | "missing">;
  tree: ReadonlySignal<Tree>;
  leafId: ReadonlySignal<string | null>;
  /** What is read, down to the leaf or to where the pen writes. */
  path: ReadonlySignal<Message[]>;
  /** Whether the reader stands where the pen writes. */
  following: ReadonlySignal<boolean>;
  /** Of reading or storing; the pen has failures of its own. */
  trouble: ReadonlySignal<string | null>;
  pen: Pen;
  open(storyId: string | null): Promise<void>;
  /** Looks again, for what other tabs and devices have done. */
  refresh(): Promise<void>;
  /** Reads on from exactly this message: what is said next becomes a branch below it. */
  moveTo(messageId: string): void;
  /** Reads this message and the latest of what lies below it. */
  show(messageId: string): void;
  follow(): void;
}

/** Nothing is open at first. */
export function createDesk(supabase: SupabaseClient, relay: RelayClient): Desk {
  const storyId = signal<string | null>(null);
  const state = signal<"loading" | "ready" | "missing">("ready");
  const messages = signal<Message[]>([]);
  const leafId = signal<string | null>(null);
  const following = signal(true);
  const trouble = signal<string | null>(null);
  const tree = computed(() => createTree(messages.value));
  // Each opening has a number; an answer that comes after the next opening is of no use.
  let opening = 0;

  const pen = createPen(relay, {
    storyId,
    tree,
    begin() {
      following.value = true;
    },
    reload: async (leaf) => await watched(load(following.value ? leaf : undefined)) !== undefined,
  });

  const path = computed(() => {
    const place = following.value ? pen.place.value : undefined;
    return tree.value.pathTo(place === undefined ? leafId.value : place);
  });

  /** The story's own leaf is taken unless another one is given. */
  async function load(leaf?: string | null): Promise<Story | null> {
    const id = storyId.value;
    if (id === null) return null;
    const mine = opening;
    const [story, rows] = await Promise.all([readStory(supabase, id), listMessages(supabase, id)]);
    if (mine !== opening) return null;
    batch(() => {
      messages.value = rows;
      const wanted = leaf ?? story?.active_message_id ?? null;
      // A story that was never given a leaf is read to its latest end.
      leafId.value = rows.some((row) => row.id === wanted) ? wanted : rows.at(-1)?.id ?? null;
      state.value = story ? "ready" : "missing";
      trouble.value = null;
    });
    return story;
  }

  async function watched<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      trouble.value = dataFailure(error);
    }
  }

  function move(messageId: string) {
    const id = storyId.value;
    if (id === null) return;
    batch(() => {
      leafId.value = messageId;
      following.value = false;
      pen.dismiss();
    });
    watched(changeStory(supabase, id, { active_message_id: messageId }));
  }

  return {
    storyId,
    state,
    tree,
    leafId,
    path,
    following,
    trouble,
    pen,
    async open(id) {
      opening++;
      batch(() => {
        pen.leave();
        storyId.value = id;
        messages.value = [];
        leafId.value = null;
        following.value = true;
        trouble.value = null;
        state.value = id === null ? "ready" : "loading";
      });
      const story = await watched(load());
      if (story && story.id === storyId.value) pen.join();
    },
    async refresh() {
      if (pen.writing.value) return;
      const story = await watched(load());
      if (!story || (pen.failure.value?.notBefore ?? 0) > Date.now()) return;
      if (running(story.id)) pen.join();
      else if (pen.text.value) pen.dismiss();
    },
    moveTo: move,
    show: (messageId) => move(tree.value.leafBelow(messageId)),
    follow() {
      following.value = true;
    },
  };
}
