/** A front end on useStory under React's StrictMode, which mounts each component twice. */

/// <reference lib="dom" />

import { createClient } from "@supabase/supabase-js";
import { createElement as h, StrictMode, useEffect, useState, version } from "react";
import { createRoot } from "react-dom/client";
import { createRelayClient, type Id } from "../../client/client.ts";
import { type StoryMessage, useStory } from "../../client/react/use_story.ts";

/** What the page needs. */
export interface StoryConfiguration {
  url: string;
  token: string;
  supabaseUrl: string;
  publishableKey: string;
  conversationId: string | null;
  /** An effect of the page starts this. */
  prompt?: string;
  /** Two of them show the conversation. */
  isTwice?: boolean;
}

/** What a test looks at: how often effects ran, how often the hook was rendered, and what React complained about. */
export const counts = { version, effects: 0, renders: 0, complaints: [] as string[] };

function mount({ url, token, supabaseUrl, publishableKey, prompt, isTwice, ...initial }: StoryConfiguration) {
  const relay = createRelayClient({ url, token: () => token });
  const supabase = createClient(supabaseUrl, publishableKey, { accessToken: () => Promise.resolve(token) });

  function Conversation({ id, onStored }: { id: Id | null; onStored: (id: Id) => void }) {
    const [text, setText] = useState("");
    const story = useStory(relay, { conversationId: id, supabase });
    const { messages, conversationId } = story;
    const last = messages.at(-1);
    const question = messages.findLast(({ role }) => role === "user");
    useEffect(() => {
      counts.effects++;
      if (prompt) void story.start({ prompt });
    }, []);
    useEffect(() => {
      if (conversationId !== null) onStored(conversationId);
    }, [conversationId]);
    useEffect(() => void counts.renders++);
    return h(
      "section",
      null,
      h("ul", null, messages.map(showMessage)),
      h("output", null, story.status),
      h("strong", null, story.error?.code),
      h("i", null, `${last?.versions.indexOf(last.messageId!)} of ${last?.versions.length}`),
      h("textarea", { value: text, onChange: (event: { target: { value: string } }) => setText(event.target.value) }),
      button("Send", () => story.start({ prompt: text })),
      button("Stop", story.stop),
      button("Regenerate", () => story.regenerate()),
      button("Continue", () => story.continueAnswer()),
      button("Answer", () => story.start({ answer_to: last!.messageId! })),
      button("Edit", () => story.start({ prompt: text, parent_id: question!.parentId })),
      button("First version", () => story.choose(last!.versions[0])),
      button("Reload", story.reload),
    );
  }

  function Page() {
    const [id, setId] = useState(initial.conversationId);
    const [isShown, setShown] = useState(true);
    return h(
      "main",
      null,
      isShown && h(Conversation, { id, onStored: setId }),
      isTwice && h(Conversation, { id, onStored: setId }),
      button(isShown ? "Leave" : "Return", () => setShown(!isShown)),
      button("New", () => setId(null)),
    );
  }
  createRoot(document.getElementById("root")!).render(h(StrictMode, null, h(Page)));
}

const button = (name: string, onClick: () => unknown) => h("button", { key: name, onClick }, name);

function showMessage({ id, role, text }: StoryMessage) {
  return h("li", { key: id, className: role }, text);
}

console.error = (...words) => counts.complaints.push(words.join(" "));
Object.assign(globalThis, { mount, counts });
