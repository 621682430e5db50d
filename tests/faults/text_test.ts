import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { systemClock } from "../../supabase/functions/_relay/platform/clock.ts";
import { createChatCompletions } from "../../supabase/functions/_relay/provider/chat_completions/client.ts";
import { splitEverywhere } from "../../supabase/functions/_relay/testing/split.ts";
import { begin, findRuntimes, type Rig, startRig, type Worker } from "../../testkit/rig.ts";
import { event, finishEvents, type Script, tokenEvent } from "../../testkit/provider.ts";
import { dataOf, type StoryEvent, textOf } from "../../testkit/reader.ts";
import { rest, signUp, storedMessage, type TestUser } from "../../testkit/target.ts";

const runtimes = await findRuntimes();
const workers = new Map<string, Worker>();
let rig: Rig;
let user: TestUser;

Deno.test.beforeAll(async () => {
  rig = await startRig();
  user = await signUp(rig.target);
  for (const runtime of runtimes) {
    workers.set(runtime.name, await rig.worker({}, { runtime }));
  }
});

Deno.test.afterAll(() => rig.close());

/** What the protocol makes of a provider's text, written down once more: the product's own rule is under test. */
function normalised(text: string): string {
  return text.replaceAll("\0", "").replaceAll("\r\n", "\n").replaceAll("\r", "\n").toWellFormed();
}

const LONG_LINE = "no end in sight, ".repeat(6_000);
const LONG_TEXT = "Chapter 🐉\n\n  “Quoted”, \\escaped\\ and \ttabbed.\r\n"
  .repeat(4_500);

/** What providers may say: each is one text, given in the pieces that its deltas have. */
const TEXTS: Record<string, string[]> = {
  "leading and trailing spaces": ["  Once ", " upon", " a time  "],
  "a single space": [" "],
  "blank lines": ["One\n\n\n", "\n\ntwo\n", "\n"],
  "newlines alone": ["\n", "\n\n", "\n"],
  "one newline": ["\n"],
  "CR LF": ["One\r\ntwo\r\n\r\nthree\r\n"],
  "CR": ["One\rtwo\r\rthree\r"],
  "CR LF over two deltas": ["One\r", "\ntwo\r", "\n", "\r", "\nthree"],
  "CR and LF that are no pair": ["One\n\rtwo\r", "three\n", "\rfour"],
  "surrogate halves in two deltas": ["A \ud83d", "\ude00 laughs \ud83d", "\ude00"],
  "lone surrogates": ["a\ud83d b\ude00 c", "\ude00\ud83d", "end\ud83d"],
  "a half that another text follows": ["a\ud83d", "b", "\ud83d", "\ud83d\ude00"],
  "U+0000": ["a\0b", "\0", "\0\0c\0"],
  "a BOM amid the text": ["Once\ufeff", "\ufeff upon", "\ufeff"],
  "lines that look like a stream": [
    "data: 1\nevent: done\nid: 7\nretry: 1\n\n: ping\n",
    'event: done\ndata: {"stream_id":"x"}\n\n',
    "data:",
    " [DONE]\n\ndata: [DONE]",
  ],
  "quotes and backslashes": [
    `"'\`\\`,
    '\\"\\n\\u0000\\',
    "$1 %s {{}} </script>",
  ],
  "control characters and separators": ["\x01\x07\x1b[31m\x7f\u0085", "\u2028a\u2029"],
  "combined characters": ["👩", "\u200d", "🚀", "e", "\u0301", "漢字", "ש", "ل"],
  "JSON and SQL": [`{"a": [1, null]}`, `'; drop table bots; --`, `\\x00`],
  "a very long line": [LONG_LINE],
  "a text of 200 KB": LONG_TEXT.match(/[^]{1,4999}/g)!,
};

async function tell(runtime: string, script: Script) {
  const worker = workers.get(runtime)!;
  const url = rig.provider.script(script);
  const started = await begin(rig, worker, user, url);
  const events = await started.rest();
  const stored = await storedMessage(rig.target, user, started.streamId);
  return { events, stored };
}

/** The events give the text, with true offsets and whole characters; the database has it too. */
function expectText({ events, stored }: { events: StoryEvent[]; stored: { content: string } }, expected: string) {
  let length = 0;
  for (const { event, id, data } of events) {
    if (event !== "token") continue;
    length += data.length;
    equal(id, String(length));
    ok(data.isWellFormed(), "A token cuts a character");
  }
  equal(textOf(events), expected);
  equal(stored?.content ?? "", expected);
  equal(dataOf(events, "done").is_complete, true);
}

for (const { name } of runtimes) {
  for (const [what, pieces] of Object.entries(TEXTS)) {
    Deno.test(`${what}: streamed and stored to the character (${name})`, async () => {
      const told = await tell(name, async (call) => {
        for (const piece of pieces) await call.token(piece);
        await call.finish();
      });
      expectText(told, normalised(pieces.join("")));
    });
  }

  Deno.test(`a BOM at the start of the text is kept (${name})`, async () => {
    const text = "\ufeffOnce";
    const { events } = await tell(name, async (call) => {
      await call.token(text);
      await call.finish();
    });
    equal(textOf(events), text);
    // PGlite drops it from what it answers, so the database is asked what it has.
    const { message_id } = dataOf(events, "done");
    const same = encodeURIComponent(`("${text}")`);
    const found = await rest(rig.target, user, `messages?select=id&id=eq.${message_id}&content=in.${same}`);
    equal(found, [{ id: message_id }]);
  });

  Deno.test(`surrogate halves as JSON escapes make one character (${name})`, async () => {
    const delta = (json: string) => `data: {"choices":[{"index":0,"delta":{"content":"${json}"}}]}\n\n`;
    const told = await tell(name, async (call) => {
      await call.send(delta("a \\ud83d"));
      await call.send(delta("\\ude00\\u0000 b\\u000d"));
      await call.send(delta("\\u000ac\\ud83d"));
      await call.finish();
    });
    expectText(told, "a 😀 b\nc\ufffd");
  });

  Deno.test(`an emoji's bytes come in two reads (${name})`, async () => {
    const bytes = new TextEncoder().encode(tokenEvent("a😀b"));
    const emoji = bytes.indexOf(0xf0);
    const told = await tell(name, async (call) => {
      for (const cut of [1, 2, 3]) {
        await call.send(bytes.subarray(0, emoji + cut));
        await call.send(bytes.subarray(emoji + cut));
      }
      await call.finish();
    });
    expectText(told, "a😀ba😀ba😀b");
  });

  Deno.test(`bytes that are no UTF-8 become U+FFFD (${name})`, async () => {
    const [before, after] = tokenEvent("a|b").split("|");
    const encoder = new TextEncoder();
    const told = await tell(name, async (call) => {
      await call.send(encoder.encode(before));
      await call.send(new Uint8Array([0xff, 0xc3]));
      await call.send(encoder.encode(after));
      await call.finish();
    });
    expectText(told, "a\ufffd\ufffdb");
  });

  Deno.test(`an answer that comes byte by byte (${name})`, async () => {
    const bytes = new TextEncoder().encode(ANSWER);
    const told = await tell(name, async (call) => {
      for (const byte of bytes) await call.send(new Uint8Array([byte]));
      call.end();
    });
    expectText(told, ANSWERED);
    const reasoning = told.events.filter(({ event }) => event === "reasoning");
    equal(reasoning.map(({ data }) => data).join(""), REASONED);
  });

  Deno.test(`reasoning is streamed, has no offset and is not stored (${name})`, async () => {
    const told = await tell(name, async (call) => {
      await call.send(
        event({ choices: [{ delta: { reasoning_content: " so\r\n\n" } }] }) +
          event({ choices: [{ delta: { reasoning_content: "\ud83d" } }] }),
      );
      await call.send(
        event({ choices: [{ delta: { reasoning_content: "\ude00 " } }] }) +
          event({ choices: [{ delta: { content: "A" } }] }),
      );
      await call.send(event({ choices: [{ delta: { reasoning: "and\0 on" } }] }));
      await call.send(event({ choices: [{ delta: { content: "B" }, index: 0 }] }));
      await call.finish();
    });
    expectText(told, "AB");
    const reasoning = told.events.filter(({ event }) => event === "reasoning");
    equal(reasoning.map(({ data }) => data).join(""), " so\n\n😀 and on");
    ok(reasoning.every(({ id, data }) => id !== "" && data.isWellFormed()));
    equal(told.events.filter(({ event }) => event === "token").map(({ id }) => id), ["1", "2"]);
  });
}

/** A small completion with all that a cut can hit: both ends of lines, comments, several fields, wide characters. */
const ANSWER = "\ufeff: hello\r\n\r\n" +
  event({ choices: [{ delta: { role: "assistant", content: "" } }] }) +
  event({ choices: [{ delta: { reasoning: "hm 🤔\r" } }] }) +
  event({ choices: [{ delta: { content: " é漢😀\r" } }] }).replaceAll("\n", "\r\n") +
  event({ choices: [{ delta: { content: "\n\ndata: x\ud83d" } }] }).replaceAll("\n", "\r") +
  'id: 1\nevent: message\ndata: {"choices":\ndata:[{"delta":{"content":"\\ude00 "}}]}\n\n' +
  finishEvents();
const ANSWERED = " é漢😀\n\ndata: x😀 ";
const REASONED = "hm 🤔\n";

Deno.test("a read cut at every byte changes nothing in the text", async () => {
  const bytes = new TextEncoder().encode(ANSWER);
  let cuts = 0;
  for (const pieces of splitEverywhere(bytes)) {
    const answer = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const provider = createChatCompletions(systemClock, {
      timeoutMs: 60_000,
      fetch: () => Promise.resolve(new Response(answer, { headers: { "content-type": "text/event-stream" } })),
    });
    const said = { text: "", reasoning: "" };
    const end = await provider.stream(
      {
        baseUrl: new URL("https://provider.test/v1"),
        accessKey: "sk-test",
        model: "model",
        temperature: null,
        params: {},
        messages: [],
      },
      new AbortController().signal,
      (deltas) => {
        for (const { kind, text } of deltas) {
          said[kind] += text;
          ok(text.isWellFormed());
        }
      },
    );
    equal(said, { text: ANSWERED, reasoning: REASONED });
    equal(end.finishReason, "stop");
    equal(end.usage?.total_tokens, 18);
    cuts++;
  }
  equal(cuts, bytes.length + 1);
});
