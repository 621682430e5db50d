import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { HistorySource, StoryRow } from "../history.ts";
import {
  type Answer,
  cutAfter,
  makeHistory,
  makeLab,
  makeStream,
  nothing,
  offline,
  refusal,
  running,
  say,
  silence,
  streamOf,
} from "../testing/fake_relay.ts";
import { createConversationStore } from "./conversation.ts";
import type { StoryOptions } from "./story.ts";

/** Frames that a test paints. */
const frames: (() => void)[] = [];
Object.assign(globalThis, { requestAnimationFrame: (callback: () => void) => frames.push(callback) });
const paint = () => frames.splice(0).forEach((callback) => callback());

const row = (id: string, parent_id: string | null, fields: Partial<StoryRow> = {}): StoryRow => ({
  id,
  conversation_id: "c1",
  parent_id,
  stream_id: fields.is_user_author ? null : `stream-of-${id}`,
  content: `text of ${id}`,
  is_user_author: false,
  is_complete: true,
  finish_reason: "stop",
  ...fields,
});
const prompt = (id: string, parent_id: string | null) => row(id, parent_id, { is_user_author: true });

/** A store before a fake relay, and what a component sees of it. */
function makeStory(answers: Answer[], { stored = {}, ...options }: StoryOptions & { stored?: object } = {}) {
  const lab = makeLab(answers, { retry: { attempts: 0 } });
  const items = new Map<string, string>(Object.entries(stored));
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  const store = createConversationStore(lab.client, { storage, ...options });
  const seen = { updates: 0 };
  const mount = () => store.subscribe(() => seen.updates++);
  return {
    ...lab,
    store,
    items,
    seen,
    mount,
    story: () => store.state(),
    /** The texts on the page, and how it stands. */
    shown: () => [...store.state().messages.map(({ text }) => text), store.state().status],
    /** Lets everything happen that needs no more time. */
    rest: () => lab.clock.run(0),
  };
}

const ask = { prompt: "Tell me", stream_id: "s1" };

Deno.test("a prompt is shown at once, its answer as it comes, and the next prompt follows what is shown", async () => {
  const first = makeStream("");
  const page = makeStory([
    first.answer,
    streamOf(say.startOf({ stream_id: "s2", user_message_id: "u2", parent_id: "u2" })),
  ], {
    request: { bot_id: "b1" },
  });
  page.mount();
  equal(page.shown(), ["ready"]);
  const result = page.story().start(ask);
  equal(page.shown(), ["Tell me", "", "submitted"]);
  const keys = page.story().messages.map(({ id }) => id);
  first.send(say.start);
  await page.rest();
  equal([page.shown(), page.story().conversationId], [["Tell me", "", "submitted"], "c1"]);
  first.send(say.reasoning("Hm.") + say.token("Once", 4));
  await page.rest();
  paint();
  equal([page.shown(), page.story().text], [["Tell me", "Once", "streaming"], "Once"]);
  first.send(say.done());
  await page.rest();
  equal((await result)!.outcome, "completed");
  const { messages } = page.story();
  equal(page.shown(), ["Tell me", "Once", "ready"]);
  equal(messages.map(({ id }) => id), keys);
  equal(messages.map(({ messageId, versions }) => [messageId, versions]), [["u1", ["u1"]], ["a1", ["a1"]]]);
  equal([messages[1].reasoning, messages[1].isComplete, messages[1].finishReason], ["Hm.", true, "stop"]);
  void page.story().start({ prompt: "And then?", stream_id: "s2" });
  await page.rest();
  equal(page.shown(), ["Tell me", "Once", "And then?", "", "submitted"]);
  // What has not changed is the same object.
  ok(page.story().messages[1] === messages[1]);
  equal(page.requests.map(({ body }) => body), [
    { on_disconnect: "continue", bot_id: "b1", prompt: "Tell me", stream_id: "s1" },
    {
      ...{ on_disconnect: "continue", bot_id: "b1", conversation_id: "c1", parent_id: "a1" },
      ...{ prompt: "And then?", stream_id: "s2" },
    },
  ]);
});

Deno.test("a thousand tokens between two frames are one update, and the functions stay the same", async () => {
  const stream = makeStream(say.start);
  const page = makeStory([stream.answer]);
  page.mount();
  const { start, stop, regenerate } = page.story();
  void start(ask);
  await page.rest();
  const { updates } = page.seen;
  for (let end = 1; end <= 1_000; end++) stream.send(say.token("x", end));
  for (let turn = 0; turn < 100; turn++) await page.rest();
  equal([page.seen.updates, page.story().text], [updates, ""]);
  paint();
  equal([page.seen.updates, page.story().text.length], [updates + 1, 1_000]);
  // The end does not wait for a frame, which has nothing to show then.
  stream.send(say.token("y", 1_001) + say.done());
  await page.rest();
  paint();
  equal([page.seen.updates, page.shown()[1]], [updates + 2, "x".repeat(1_000) + "y"]);
  equal([page.story().start, page.story().stop, page.story().regenerate], [start, stop, regenerate]);
});

Deno.test("a component that is mounted twice at once starts once, and goes on reading", async () => {
  const stream = makeStream(say.start);
  const page = makeStory([stream.answer]);
  const unmount = page.mount();
  const first = page.story().start(ask);
  unmount();
  page.mount();
  equal(await page.story().start({ prompt: "Tell me" }), null);
  await new Promise((resolve) => setTimeout(resolve));
  stream.send(say.token("Once", 4) + say.done());
  await page.rest();
  equal([(await first)!.outcome, page.shown(), page.requests.length], ["completed", ["Tell me", "Once", "ready"], 1]);
});

Deno.test("after it has gone nothing is read or updated, and one that comes back reads on", async () => {
  const [first, second] = [makeStream(say.start + say.token("Once", 4)), makeStream(say.start)];
  const page = makeStory([first.answer, second.answer]);
  const unmount = page.mount();
  void page.story().start(ask);
  await page.rest();
  paint();
  unmount();
  await new Promise((resolve) => setTimeout(resolve));
  await page.rest();
  const { updates } = page.seen;
  ok(page.requests[0].signal.aborted);
  equal(page.seen.updates, updates);
  page.mount();
  await page.rest();
  // The text that is shown stays until there is more.
  equal(page.shown(), ["Tell me", "Once", "streaming"]);
  second.send(say.token("Once upon", 9) + say.done());
  await page.rest();
  equal(page.shown(), ["Tell me", "Once upon", "ready"]);
  equal(page.requests.map(({ method, path }) => `${method} ${path}`), ["POST /stream", "GET /stream/s1"]);
});

Deno.test("one that went before the relay had answered sends the same start", async () => {
  const page = makeStory([silence, streamOf(say.start, say.token("Once", 4), say.done())]);
  const unmount = page.mount();
  void page.story().start(ask);
  await page.rest();
  unmount();
  await new Promise((resolve) => setTimeout(resolve));
  await page.rest();
  page.mount();
  await page.rest();
  equal(page.shown(), ["Tell me", "Once", "ready"]);
  equal(page.requests[1].body, page.requests[0].body);
});

Deno.test("what was refused stays on the page, and is sent again as it was", async () => {
  const page = makeStory([
    refusal(429, "rate_limited", { "retry-after": "2" }),
    streamOf(say.start, say.token("Once", 4), say.done()),
  ]);
  page.mount();
  const { start, regenerate } = page.story();
  equal((await start(ask))!.outcome, "failed");
  equal([page.shown(), page.story().error!.code], [["Tell me", "error"], "rate_limited"]);
  await regenerate();
  equal([page.shown(), page.story().error], [["Tell me", "Once", "ready"], null]);
  equal(page.requests[1].body, page.requests[0].body);
});

Deno.test("history, another answer, going on with it, and another version", async () => {
  const { history, supabase } = makeHistory([prompt("u1", null), row("a0", "u1")], "a0");
  const page = makeStory([
    nothing,
    streamOf(
      say.startOf({ user_message_id: null! }),
      say.token("Two", 3),
      say.done({ message_id: "a2", is_complete: false, finish_reason: "length" }),
    ),
    streamOf(
      say.startOf({ stream_id: "s3", user_message_id: null! }),
      say.token("Two", 3),
      say.token(" of", 6),
      say.done({ message_id: "a3" }),
    ),
  ], { supabase, conversationId: "c1" });
  equal(page.shown(), ["loading"]);
  page.mount();
  // Nothing is begun on a page that does not know yet what it would answer.
  equal(await page.story().start(ask), null);
  await page.rest();
  equal(page.shown(), ["text of u1", "text of a0", "ready"]);
  const again = page.story().regenerate();
  equal(page.shown(), ["text of u1", "", "submitted"]);
  await again;
  equal([page.shown(), page.story().messages[1].versions], [["text of u1", "Two", "ready"], ["a0", "a2"]]);
  const more = page.story().continueAnswer();
  equal(page.shown(), ["text of u1", "Two", "submitted"]);
  await more;
  equal([page.shown(), page.story().messages[1].versions], [["text of u1", "Two of", "ready"], ["a0", "a2", "a3"]]);
  await page.story().choose("a0");
  equal(page.shown(), ["text of u1", "text of a0", "ready"]);
  equal(history.changes, ["conversations", { active_message_id: "a0" }]);
  history.error = { message: "Not today", code: "42501" };
  await page.story().choose("a2");
  equal([page.shown(), page.story().error!.code], [["text of u1", "Two", "error"], "42501"]);
  const bodies = page.requests.slice(1).map(({ body: { stream_id: _, on_disconnect: __, ...body } }) => body);
  equal(bodies, [{ conversation_id: "c1", reroll_of: "a0" }, { conversation_id: "c1", continue_of: "a2" }]);
});

Deno.test("a version is shown with the latest branch below it", async () => {
  const rows = [
    prompt("u1", null),
    row("a1", "u1"),
    row("a2", "u1"),
    prompt("u2", "a1"),
    row("a3", "u2"),
    row("a4", "u2"),
  ];
  const page = makeStory([nothing], { ...makeHistory(rows, "a2"), conversationId: "c1" });
  page.mount();
  await page.rest();
  equal(page.story().messages.map(({ messageId }) => messageId), ["u1", "a2"]);
  await page.story().choose("a1");
  equal(page.story().messages.map(({ messageId }) => messageId), ["u1", "a1", "u2", "a4"]);
});

Deno.test("a page that is loaded again goes on with what it remembers, and with what another device runs", async () => {
  for (const [remembered, found, resumed] of [["s1", nothing, "s1"], [null, running("s2"), "s2"]] as const) {
    const { supabase } = makeHistory([prompt("u1", null), row("a0", "u1")], "a0");
    const page = makeStory([found, streamOf(say.start, say.token("Two", 3))], {
      ...{ supabase, conversationId: "c1" },
      stored: remembered ? { "storytellr:c1": remembered } : {},
    });
    page.mount();
    await page.rest();
    paint();
    equal([page.requests[1].path, page.shown()], [`/stream/${resumed}`, ["text of u1", "Two", "streaming"]]);
    equal([...page.items], [["storytellr:c1", resumed]]);
  }
});

Deno.test("what has ended since is not read again, and what the relay does not know is no error", async () => {
  const ended = [prompt("u1", null), row("a0", "u1", { stream_id: "s1" })];
  for (const [rows, answers] of [[ended, [nothing]], [[], [nothing, refusal(404, "stream_not_found")]]] as const) {
    const { supabase } = makeHistory([...rows], "a0");
    const page = makeStory([...answers], { supabase, conversationId: "c1", stored: { "storytellr:c1": "s1" } });
    page.mount();
    await page.rest();
    equal([page.requests.length, page.story().status], [answers.length, "ready"]);
  }
});

Deno.test("a page that was loaded again before it knew its conversation reads the rest of it", async () => {
  const { history, supabase } = makeHistory([prompt("u1", null)], "u1");
  const page = makeStory([streamOf(say.start, say.token("Once", 4), say.done())], {
    ...{ supabase, stored: { "storytellr:": "s1" } },
  });
  page.mount();
  // An effect of the page that starts a story does not start a second one.
  equal(await page.story().start({ prompt: "Tell me" }), null);
  await page.rest();
  equal([page.shown(), page.story().conversationId], [["text of u1", "Once", "ready"], "c1"]);
  equal([page.items.size, history.changes], [0, []]);
});

Deno.test("stop() cuts the text where it is shown, and a prompt that was not answered stays", async () => {
  const stream = makeStream(say.start + say.token("Once", 4));
  const page = makeStory([stream.answer, () => Response.json({ status: "cancelling" })]);
  page.mount();
  void page.story().start(ask);
  await page.rest();
  const stopped = page.story().stop();
  await page.rest();
  equal(page.requests[1].body, { stream_id: "s1", at: 4 });
  stream.send(say.token(" upon", 9) + say.done({ is_complete: false, finish_reason: "cancelled" }));
  await stopped;
  const [, answer] = page.story().messages;
  equal([page.shown(), answer.finishReason, answer.isComplete], [["Tell me", "Once", "ready"], "cancelled", false]);

  const lost = makeStory([offline, refusal(404, "stream_not_found"), offline]);
  lost.mount();
  void lost.story().start(ask);
  await lost.story().stop();
  await lost.rest();
  equal([lost.shown()[0], lost.story().messages.length], ["Tell me", 1]);
});

Deno.test("stop() shows all that is stored, where another reader was sent more", async () => {
  const { history, supabase } = makeHistory([{ ...prompt("u1", null), content: "Tell me" }], "u1");
  const stream = makeStream(say.start + say.reasoning("Hm.") + say.token("Once", 4));
  const page = makeStory([stream.answer, () => Response.json({ status: "cancelling" })], { supabase });
  page.mount();
  void page.story().start(ask);
  await page.rest();
  const stopped = page.story().stop();
  const fields = { content: "Once upon", is_complete: false, finish_reason: "cancelled", stream_id: "s1" };
  history.rows.push(row("a1", "u1", fields));
  history.leafId = "a1";
  stream.send(say.done({ is_complete: false, finish_reason: "cancelled" }));
  await stopped;
  const { id } = page.story().messages[1];
  await page.rest();
  const answer = page.story().messages[1];
  equal([page.shown(), answer.id, answer.reasoning], [["Tell me", "Once upon", "ready"], id, "Hm."]);
});

Deno.test("what can no longer be reached stays on the page, and reload() finds it again", async () => {
  const page = makeStory([
    cutAfter(say.start, say.token("Once", 4)),
    nothing,
    streamOf(say.start, say.token("Once upon", 9), say.done()),
  ]);
  page.mount();
  await page.story().start(ask);
  equal([page.shown(), page.story().error!.code], [["Tell me", "Once", "error"], "unreachable"]);
  await page.story().reload();
  await page.rest();
  equal([page.requests[2].path, page.shown()], ["/stream/s1", ["Tell me", "Once upon", "ready"]]);
});

Deno.test("an answer that failed without text leaves the prompt, and regenerate() answers it", async () => {
  const page = makeStory([
    cutAfter(say.start, say.error("provider_error").replace('"a1"', "null")),
    streamOf(say.startOf({ stream_id: "s2", user_message_id: null! }), say.token("Once", 4), say.done()),
  ]);
  page.mount();
  await page.story().start(ask);
  equal([page.shown(), page.story().error!.code], [["Tell me", "error"], "provider_error"]);
  await page.story().regenerate();
  equal([page.shown(), page.requests[1].body.reroll_of], [["Tell me", "Once", "ready"], "u1"]);
});

Deno.test("a history that cannot be read is an error, and reload() reads it", async () => {
  const { history, supabase } = makeHistory([prompt("u1", null)], "u1");
  history.error = { message: "No rights", code: "42501" };
  const page = makeStory([nothing, nothing], { supabase, conversationId: "c1" });
  page.mount();
  await page.rest();
  equal([page.shown(), page.story().error], [["error"], history.error]);
  history.error = null;
  await page.story().reload();
  equal(page.shown(), ["text of u1", "ready"]);
});

Deno.test("a history that never comes is an error after a minute and is aborted, and reload() reads it", async () => {
  const { history, supabase } = makeHistory([prompt("u1", null)], "u1");
  let asked = 0;
  let given: AbortSignal | undefined;
  const late: HistorySource = {
    from: (table) => {
      const query = supabase.from(table);
      const silent = new Promise(() => {});
      const abortSignal = (signal: AbortSignal) => {
        given = signal;
        return silent;
      };
      const eq = () => ({ maybeSingle: () => Object.assign(silent, { abortSignal }) });
      return ++asked === 1 ? { select: () => ({ eq }) } : query;
    },
  };
  const timers: [() => void, number][] = [];
  const { setTimeout, clearTimeout } = globalThis;
  // React Native's signals have none.
  const reason = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "reason")!;
  Object.defineProperty(AbortSignal.prototype, "reason", { value: undefined, configurable: true });
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, ms: number) => timers.push([callback, ms]),
    clearTimeout: (index: number) => delete timers[index - 1],
  });
  try {
    const page = makeStory([nothing, nothing], { supabase: late, conversationId: "c1" });
    page.mount();
    await page.rest();
    equal(page.shown(), ["loading"]);
    equal(timers.map(([, ms]) => ms), [60_000]);
    timers[0][0]();
    await page.rest();
    equal([page.shown(), page.story().error?.code, given?.aborted], [["error"], "unreachable", true]);
    await page.story().reload();
    equal([page.shown(), Object.keys(timers)], [["text of u1", "ready"], []]);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Object.defineProperty(AbortSignal.prototype, "reason", reason);
  }
  equal(history.changes, []);
});

Deno.test("one that went while its history was loaded reads no stream, and the next one finds it", async () => {
  const stream = makeStream(say.start);
  let answer = () => {};
  const late = () => new Promise<Response>((resolve) => answer = () => resolve(running("s1")() as Response));
  const page = makeStory([late, running("s1"), stream.answer], { conversationId: "c1" });
  const unmount = page.mount();
  await page.rest();
  unmount();
  answer();
  await page.rest();
  equal(page.requests.map(({ method }) => method), ["HEAD"]);
  page.mount();
  await page.rest();
  equal(page.requests.map(({ method }) => method), ["HEAD", "HEAD", "GET"]);
  stream.send(say.done());
  await page.rest();
});

Deno.test("a version that cannot be stored is an error of the story, however that is found", async () => {
  for (
    const failed of [
      () => Promise.reject(new Error("No network")),
      () => Promise.resolve({ error: new Error("No network") }),
    ]
  ) {
    const from = () => ({ update: () => ({ eq: failed }) });
    const page = makeStory([], { supabase: { from } as unknown as HistorySource });
    page.mount();
    await page.story().choose("a1");
    equal([page.story().status, page.story().error?.message], ["error", "No network"]);
  }
});

Deno.test("a choice is sent with keepalive, so that it outlives the page, and without it where the browser refuses that", async () => {
  for (const [isKept, wanted] of [[true, [true]], [false, [true, undefined]]] as const) {
    const sent: unknown[] = [];
    const query = {
      fetch(_url: string, { keepalive }: RequestInit) {
        sent.push(keepalive);
        return keepalive && !isKept
          ? Promise.reject(new TypeError("Failed to fetch"))
          : Promise.resolve({ error: null });
      },
      then: (resolve: () => void, reject: () => void) => query.fetch("", {}).then(resolve, reject),
    };
    const from = () => ({ update: () => ({ eq: () => query }) });
    const page = makeStory([], { supabase: { from } as unknown as HistorySource });
    page.mount();
    await page.story().choose("a1");
    equal([sent, page.story().error], [wanted, null]);
  }
});
