/** Everything of one signed-in user: bots, stories, and the story that is open. */

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { createRelayClient } from "../../client/client.ts";
import { addBot, type BotFields, changeBot, deleteBot, listBots } from "../data/bots.ts";
import type { Bot, Story } from "../data/rows.ts";
import { addStory, changeStory, deleteStory, endedOf, listStories } from "../data/stories.ts";
import { goTo } from "../platform/address.ts";
import { createDesk, type Desk } from "../story/desk.ts";
import { forget, onRunningElsewhere, running, runningStories } from "../story/running.ts";
import { dataFailure } from "../words/failures.ts";
import { titleOf } from "../words/titles.ts";
import type { User } from "./account.ts";

/** Between two looks at what is being written and not watched. */
const LOOK_MS = 4_000;

/** Which of the page's dialogs is open. */
export type Dialog = { name: "bots" } | { name: "bot"; bot: Bot | null } | {
  name: "rename" | "delete";
  story: Story;
};

/** What the views show, and what they can do. */
export interface Studio {
  user: User;
  bots: ReadonlySignal<Bot[] | null>;
  stories: ReadonlySignal<Story[] | null>;
  /** The stories that are being written, as far as this browser knows. */
  busy: ReadonlySignal<string[]>;
  trouble: ReadonlySignal<string | null>;
  desk: Desk;
  dialog: ReadonlySignal<Dialog | null>;
  /** The bot that tells the open story. */
  bot(): Bot | null;
  ask(dialog: Dialog | null): void;
  refresh(): Promise<void>;
  open(storyId: string | null): Promise<void>;
  /** Says something at the end of what is read; a story that has not begun is made first. */
  say(prompt: string): Promise<void>;
  chooseBot(botId: string): Promise<void>;
  /** Throws an Error in words for people. */
  saveBot(id: string | null, fields: BotFields): Promise<void>;
  removeBot(id: string): Promise<void>;
  rename(storyId: string, title: string): Promise<void>;
  removeStory(storyId: string): Promise<void>;
}

/** Lives as long as the page: who signs out loads it anew. */
export function createStudio(supabase: SupabaseClient, user: User): Studio {
  const bots = signal<Bot[] | null>(null);
  const stories = signal<Story[] | null>(null);
  const busy = signal(runningStories());
  const trouble = signal<string | null>(null);
  const dialog = signal<Dialog | null>(null);
  /** Chosen for a story that has not begun. */
  const chosen = signal<string | null>(null);
  const desk = createDesk(supabase, createRelayClient({ supabase }));

  // The pen's state changes wherever a generation begins or ends here.
  desk.pen.stage.subscribe((stage) => {
    busy.value = runningStories();
    if (stage === "idle") listAgain();
  });
  onRunningElsewhere((storyId) => {
    busy.value = runningStories();
    // The relay has not answered that tab yet: there is nothing to watch.
    if (running(storyId)?.request) return;
    if (storyId === desk.storyId.value) desk.refresh();
    else listAgain();
  });

  // A story that nobody watches tells nobody that it has ended.
  setInterval(lookAfterOthers, LOOK_MS);

  async function lookAfterOthers() {
    const others = busy.value.filter((id) => id !== desk.storyId.value);
    if (others.length === 0 || document.hidden) return;
    const streamOf = (id: string) => running(id)?.streamId ?? "";
    try {
      const ended = await endedOf(supabase, others.map(streamOf));
      others.filter((id) => ended.includes(streamOf(id))).forEach(forget);
      busy.value = runningStories();
    } catch {
      // It is asked again soon.
    }
  }

  function story(id = desk.storyId.value): Story | null {
    return stories.value?.find((story) => story.id === id) ?? null;
  }

  async function listAgain() {
    try {
      const [newBots, newStories] = await Promise.all([listBots(supabase), listStories(supabase)]);
      batch(() => {
        bots.value = newBots;
        stories.value = newStories;
        trouble.value = null;
      });
    } catch (error) {
      trouble.value = dataFailure(error);
    }
  }

  function patch(storyId: string, fields: Partial<Story>) {
    stories.value = stories.value?.map((story) => story.id === storyId ? { ...story, ...fields } : story) ?? null;
  }

  /** What the Data API refuses becomes words. */
  async function inWords<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw new Error(dataFailure(error), { cause: error });
    }
  }

  const studio: Studio = {
    user,
    bots,
    stories,
    busy,
    trouble,
    desk,
    dialog,
    bot() {
      const id = desk.storyId.value === null ? chosen.value ?? stories.value?.[0]?.bot_id : story()?.bot_id;
      const found = bots.value?.find((bot) => bot.id === id);
      return found ?? bots.value?.[0] ?? null;
    },
    ask(next) {
      dialog.value = next;
    },
    refresh: async () => {
      await Promise.all([listAgain(), desk.refresh()]);
    },
    async open(storyId) {
      if (storyId !== desk.storyId.value) await desk.open(storyId);
    },
    async say(prompt) {
      desk.pen.draft.value = "";
      try {
        if (desk.storyId.value === null) {
          const botId = studio.bot()?.id ?? null;
          const made = await addStory(supabase, user.id, titleOf(prompt), botId);
          stories.value = [made, ...stories.value ?? []];
          await desk.open(made.id);
          goTo(made.id);
        }
        desk.pen.say(prompt, desk.path.value.at(-1)?.id ?? null);
      } catch (error) {
        desk.pen.draft.value = prompt;
        trouble.value = dataFailure(error);
      }
    },
    async chooseBot(botId) {
      const storyId = desk.storyId.value;
      if (storyId === null) {
        chosen.value = botId;
        return;
      }
      const before = story()?.bot_id ?? null;
      patch(storyId, { bot_id: botId });
      try {
        await changeStory(supabase, storyId, { bot_id: botId });
      } catch (error) {
        patch(storyId, { bot_id: before });
        trouble.value = dataFailure(error);
      }
    },
    async saveBot(id, fields) {
      const saved = await inWords(id === null ? addBot(supabase, user.id, fields) : changeBot(supabase, id, fields));
      const others = bots.value?.filter((bot) => bot.id !== saved.id) ?? [];
      bots.value = [saved, ...others];
      if (id === null) await studio.chooseBot(saved.id);
    },
    async removeBot(id) {
      await inWords(deleteBot(supabase, id));
      await listAgain();
    },
    async rename(storyId, title) {
      await inWords(changeStory(supabase, storyId, { title }));
      patch(storyId, { title });
    },
    async removeStory(storyId) {
      await inWords(deleteStory(supabase, storyId));
      stories.value = stories.value?.filter(({ id }) => id !== storyId) ?? null;
      if (desk.storyId.value === storyId) goTo(null, true);
    },
  };
  return studio;
}
