/** A chat front end as a page would have it: the AI SDK's own hook, and the relay's transport. */

/// <reference lib="dom" />

import { useChat } from "@ai-sdk/react";
import type { UIMessage } from "ai";
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";
import { createRelayTransport, toUIMessages } from "../../client/ai_sdk.ts";
import { createRelayClient, type RelayClientError } from "../../client/client.ts";
import { rest, type Target, type TestUser } from "../../testkit/target.ts";

/** What a test tells the page. */
export interface ChatConfiguration {
  target: Target;
  user: TestUser;
  /** Shows what is stored of it, and resumes what runs. */
  conversation?: string;
}

async function mount({ target, user, conversation }: ChatConfiguration) {
  const client = createRelayClient({ url: target.workers[0], token: () => user.token });
  const transport = createRelayTransport({
    client,
    request: { on_disconnect: "continue" },
    conversation: () => conversation,
    storage: sessionStorage,
  });
  const messages = conversation ? await history(target, user, conversation) : [];

  function Chat() {
    const [text, setText] = useState("");
    const chat = useChat({ id: "chat", transport, messages, resume: true });
    const button = (name: string, onClick: () => unknown) => h("button", { key: name, onClick }, name);
    return h(
      "main",
      null,
      h("ul", null, chat.messages.map(showMessage)),
      h("output", null, chat.status),
      h("strong", null, (chat.error as RelayClientError | undefined)?.code),
      h("textarea", { value: text, onChange: (event: { target: { value: string } }) => setText(event.target.value) }),
      button("Send", () => chat.sendMessage({ text })),
      button("Stop", () => chat.stop()),
      button("Regenerate", () => chat.regenerate()),
      button("Edit", () => {
        const question = chat.messages.findLast(({ role }) => role === "user")!;
        return chat.sendMessage({ text, messageId: question.id });
      }),
    );
  }
  createRoot(document.getElementById("root")!).render(h(Chat));
}

function showMessage({ id, role, parts }: UIMessage) {
  return h("li", { key: id, className: role }, parts.map((part) => part.type === "text" ? part.text : "").join(""));
}

async function history(target: Target, user: TestUser, conversation: string) {
  const [{ active_message_id }] = await rest(
    target,
    user,
    `conversations?select=active_message_id&id=eq.${conversation}`,
  );
  const rows = await rest(target, user, `messages?select=*&conversation_id=eq.${conversation}`);
  return toUIMessages(rows, active_message_id);
}

Object.assign(globalThis, { mount });
