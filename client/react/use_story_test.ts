import { strictEqual as equal } from "node:assert/strict";
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { makeLab } from "../testing/fake_relay.ts";
import { useStory } from "./use_story.ts";

Deno.test("a server renders what is known without a request: a new story, or one that is loading", () => {
  const { client, requests } = makeLab([]);
  for (const [conversationId, status] of [[undefined, "ready"], ["c1", "loading"], [1, "loading"]] as const) {
    const Page = () => h("p", null, useStory(client, { conversationId }).status);
    equal(renderToString(h(Page)), `<p>${status}</p>`);
  }
  equal(requests.length, 0);
});
