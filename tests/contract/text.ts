/** The text: what the provider sends is what the client reads and what is stored, to the character. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { answers, deltaEvent, finishEvents, type Script, tokenEvent, USAGE } from "../../testkit/provider.ts";
import type { Scenario } from "./scenario.ts";

/** What the protocol makes of a provider's text, written down once more: the product's own rule is under test. */
function normalised(text: string): string {
  return text.replaceAll("\0", "").replaceAll("\r\n", "\n").replaceAll("\r", "\n").toWellFormed();
}

/** What providers may send: each is one text, in the deltas that it comes in. */
const TEXTS: Record<string, string[]> = {
  "leading and trailing spaces": ["  Once ", " upon", " a time  "],
  "white space alone": [" ", "\n", "\n\n", "  \n"],
  "blank lines": ["One\n\n\n", "\n\ntwo\n", "\n"],
  "one newline": ["\n"],
  "CR LF": ["One\r\ntwo\r\n\r\nthree\r\n"],
  "CR": ["One\rtwo\r\rthree\r"],
  "CR LF over two deltas": ["One\r", "\ntwo\r", "\n", "\r", "\nthree"],
  "CR and LF that are no pair": ["One\n\rtwo\r", "three\n", "\rfour"],
  "surrogate halves in two deltas": ["A \ud83d", "\ude00 laughs \ud83d", "\ude00"],
  "lone surrogates": ["a\ud83d b\ude00 c", "\ude00\ud83d", "end\ud83d"],
  "a half that another text follows": ["a\ud83d", "b", "\ud83d", "\ud83d\ude00"],
  "U+0000": ["a\0b", "\0", "\0\0c\0"],
  "a BOM in the text": ["Once\ufeff", "\ufeff upon", "\ufeff"],
  "lines that look like a stream": [
    "data: 1\nevent: done\nid: 7\nretry: 1\n\n: ping\n",
    'event: done\ndata: {"stream_id":"x"}\n\n',
    ...["data:", " [DONE]\n\ndata: [DONE]"],
  ],
  "quotes, backslashes, JSON and SQL": [
    ...[`"'\`\\`, '\\"\\n\\u0000\\', "$1 %s {{}} </script>"],
    ...[`{"a": [1, null]}`, `'; drop table bots; --`, `\\x00`],
  ],
  "control characters and separators": ["\x01\x07\x1b[31m\x7f\u0085", "\u2028a\u2029"],
  "combined characters": ["👩", "\u200d", "🚀", "e", "\u0301", "漢字", "ש", "ل"],
  "a very long line": ["no end in sight, ".repeat(6_000)],
  "a text of 200 KB": "Chapter 🐉\n\n  “Quoted”, \\escaped\\ and \ttabbed.\r\n".repeat(4_500).match(/[^]{1,4999}/g)!,
};

/** The stream gives this text, with true offsets and whole characters; the database has it, too. */
async function expectText(author: Author, expected: string, prompt = "Begin") {
  const ended = await author.generate({ prompt });
  equal(ended.text, expected, prompt);
  equal((await author.stored(ended.start.stream_id)).content, expected, prompt);
  equal([ended.end, ended.last.is_complete, ended.last.usage], ["done", true, USAGE], prompt);
  return ended;
}

const reasoningOf = (events: { event: string; id?: string; data: string }[]) =>
  events.filter(({ event }) => event === "reasoning");

/** A completion with all that a cut can hit: line ends, comments, several fields, wide characters, JSON's escapes. */
const ANSWER = "\ufeff: hello\r\n\r\n" +
  deltaEvent({ role: "assistant", content: "" }) + deltaEvent({ reasoning: "hm 🤔\r" }) +
  tokenEvent(" é漢😀\r").replaceAll("\n", "\r\n") +
  tokenEvent("\n\ndata: x\ud83d").replaceAll("\n", "\r") +
  'id: 1\nevent: message\ndata: {"choices":\ndata:[{"delta":{"content":"\\ude00 \\u0000\\u000d"}}]}\n\n' +
  'data: {"choices":[{"delta":{"content":"\\u000ab"}}]}\n\n' + finishEvents();

export const text: Scenario[] = [{
  title: "text that breaks naive relays is streamed and stored to the character",
  async run(target, provider) {
    const script: Script = (call) => answers(...TEXTS[call.messages.at(-1)!.content])(call);
    const texts = Object.entries(TEXTS);
    while (texts.length > 0) {
      const author = await newAuthor(target, provider, script);
      // As many as a user may start in a minute.
      for (const [what, deltas] of texts.splice(0, 5)) {
        await expectText(author, normalised(deltas.join("")), what);
      }
    }
  },
}, {
  title: "a BOM at the start of the text is kept",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("\ufeffOnce"));
    const { text, last } = await author.generate({ prompt: "Begin" });
    equal(text, "\ufeffOnce");
    // PGlite drops it from what it answers, so the database is asked what it has.
    const same = encodeURIComponent(`("${text}")`);
    equal(await author.rest(`messages?select=id&content=in.${same}`), [{ id: last.message_id }]);
  },
}, {
  title: "a provider's answer that comes byte by byte is read the same",
  apis: ["chat_completions"],
  async run(target, provider) {
    const { events } = await expectText(
      await newAuthor(target, provider, async (call) => {
        for (const byte of new TextEncoder().encode(ANSWER)) await call.send(Uint8Array.of(byte));
        call.end();
      }),
      " é漢😀\n\ndata: x😀 \nb",
    );
    equal(reasoningOf(events).map(({ data }) => data).join(""), "hm 🤔\n");
  },
}, {
  title: "bytes that are no UTF-8 become U+FFFD",
  apis: ["chat_completions"],
  async run(target, provider) {
    const [before, after] = tokenEvent("a|b").split("|").map((part) => new TextEncoder().encode(part));
    const script: Script = async (call) => {
      for (const bytes of [before, Uint8Array.of(0xff, 0xc3), after]) await call.send(bytes);
      await call.finish();
    };
    await expectText(await newAuthor(target, provider, script), "a\ufffd\ufffdb");
  },
}, {
  title: "reasoning is streamed, has no offset and is not stored",
  async run(target, provider) {
    const script: Script = async (call) => {
      await call.think(" so\r\n\n");
      await call.think("\ud83d");
      await call.think("\ude00 ");
      await call.token("A");
      await call.think("and\0 on");
      await call.token("B");
      await call.finish();
    };
    const { events } = await expectText(await newAuthor(target, provider, script), "AB");
    const reasoning = reasoningOf(events);
    equal(reasoning.map(({ data }) => data).join(""), " so\n\n😀 and on");
    ok(reasoning.every(({ id, data }) => id !== "" && data.isWellFormed()));
    equal(events.filter(({ event }) => event === "token").map(({ id }) => id), ["1", "2"]);
  },
}];
