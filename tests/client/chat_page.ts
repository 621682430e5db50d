/** A chat front end: the AI SDK's own hook, and the relay's transport. */

/// <reference lib="dom" />

import { useChat } from "@ai-sdk/react";
import type { UIMessage } from "ai";
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";
import { createRelayTransport } from "../../client/ai_sdk/transport.ts";
import { createRelayClient, type RelayClientError } from "../../client/client.ts";

/** What the page needs. */
export interface ChatConfiguration {
  url: string;
  token: string;
  /** What is stored; a generation that runs is resumed. */
  messages: UIMessage[];
  conversation?: string;
}

function mount({ url, token, messages, conversation }: ChatConfiguration) {
  const transport = createRelayTransport({
    client: createRelayClient({ url, token: () => token }),
    request: { on_disconnect: "continue" },
    conversation: () => conversation,
    messages: () => messages,
    storage: sessionStorage,
  });

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
      button("Continue", () => chat.regenerate({ body: { continue_of: chat.messages.at(-1)!.id } })),
      button("Answer", () => chat.resumeStream({ body: { answer_to: chat.messages.at(-1)!.id } })),
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

Object.assign(globalThis, { mount });
