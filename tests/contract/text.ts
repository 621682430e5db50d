/** The text: what the provider says is what the client reads and what is stored, to the character. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { event, finishEvents, tokenEvent } from "../../testkit/provider.ts";
import { storedMessage } from "../../testkit/target.ts";
import { givenAuthor, type Scenario, tell, tells } from "./scenario.ts";

const USAGE = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 };

export const text: Scenario[] = [{
  title: "reasoning is streamed beside the message and is no part of it",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, async (call) => {
      const delta = (delta: unknown) => event({ choices: [{ index: 0, delta }] });
      await call.send(delta({ reasoning_content: " think\n\nhard" }));
      await call.send(delta({ content: "Once" }));
      await call.finish();
    });
    const { events, start, text } = await tell(target, user, { prompt: "Begin" });
    equal(events.slice(1, -1), [{
      event: "reasoning",
      id: undefined,
      data: " think\n\nhard",
    }, { event: "token", id: "4", data: "Once" }]);
    equal(text, "Once");
    equal((await storedMessage(target, user, start.stream_id)).content, "Once");
  },
}, {
  title: "each offset is the length of the text so far in UTF-16 units",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, tells("a", "é", "🦄", "漢字", "👩‍🚀", "\n\n", " "));
    const { events, text } = await tell(target, user, { prompt: "Begin" });
    equal(text, "aé🦄漢字👩‍🚀\n\n ");
    let length = 0;
    for (const { event, id, data } of events) {
      if (event === "token") equal(id, String(length += data.length));
    }
    equal(length, 14);
  },
}, {
  title: "text that breaks naive relays comes through, and is stored, to the character",
  async run(target, provider) {
    const { user } = await givenAuthor(
      target,
      provider,
      // Each piece is one delta: CR LF and the unicorn are cut in two, and what cannot be stored is in between.
      tells(
        "  two\n\n\n",
        "data: x\nid: 9\n\nevent: done\r",
        "\nCR\rLF\n",
        "\ud83e",
        "\udd84",
        "nul\0 \ud800",
        ": end\n ",
      ),
    );
    const { events, start, text } = await tell(target, user, { prompt: "Begin" });
    equal(text, "  two\n\n\ndata: x\nid: 9\n\nevent: done\nCR\nLF\n🦄nul \ufffd: end\n ");
    ok(events.every(({ data }) => data.isWellFormed()), "No token cuts a pair");
    equal((await storedMessage(target, user, start.stream_id)).content, text);
  },
}, {
  title: "a provider whose answer is cut at every byte is understood all the same",
  async run(target, provider) {
    const text = ' "é\n\n🦄 data: [DONE]\r\n\u2028漢';
    const { user } = await givenAuthor(target, provider, async (call) => {
      const bytes = new TextEncoder().encode(`: hello\r\n\r\n${tokenEvent(text)}${finishEvents()}`);
      for (const byte of bytes) await call.send(Uint8Array.of(byte));
      call.end();
    });
    const story = await tell(target, user, { prompt: "Begin" });
    equal(story.text, text.replace("\r\n", "\n"));
    equal([story.end, story.last.usage], ["done", USAGE]);
    const stored = await storedMessage(target, user, story.start.stream_id);
    equal(stored.content, story.text);
  },
}];
