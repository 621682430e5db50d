/** A database that is away, or whose answers get lost: the message is stored once, whole. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { VERSION } from "../../supabase/functions/_relay/platform/version.ts";
import {
  DATABASE_WAIT_MS,
  MAX_DATABASE_CALLS,
  MAX_DATABASE_CALLS_OF_USER,
  MIN_FREE_DATABASE_CALLS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, type Script, USAGE } from "../../testkit/provider.ts";
import { expectRefusal, readToEnd } from "../../testkit/reader.ts";
import type { Worker } from "../../testkit/workers.ts";
import { ask, begin, type Begun, expectAlive, expectEnd, expectQuiet, PARTIAL, type Scenario } from "./fault_stack.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const OK = [200, { status: "ok", version: VERSION }];

async function health(url: string) {
  const response = await fetch(url);
  return [response.status, await response.json()];
}

export const databaseFaults: Scenario[] = [{
  title: "a database that is away is 503 unavailable with Retry-After; then the same stream_id is admitted",
  async run(on) {
    const { client, main, proxy, stack } = on;
    const url = stack.provider.script(answers(PARTIAL));
    const body = { stream_id: crypto.randomUUID() };
    proxy.away();
    try {
      const { response } = await ask(on, url, { body });
      equal(response.headers.get("retry-after"), "5");
      await expectRefusal(response, 503, "unavailable");
      await expectRefusal(await client.cancel("some", { worker: main.url }), 503, "unavailable");
      equal(await health(`${main.url}/healthz?ready`), [503, { status: "unavailable", version: VERSION }]);
      equal(await health(`${main.url}/healthz`), OK);
    } finally {
      proxy.back();
    }
    // An answer is repeated for a second.
    await eventually("it is ready", async () => (await health(`${main.url}/healthz?ready`))[0] === 200);
    equal([await health(`${main.url}/healthz?ready`), stack.provider.calls(url)], [OK, []]);
    // What the first start would end is another admission, so this one is left alone.
    await expectEnd(on, await begin(on, url, { body }), { text: PARTIAL, usage: USAGE });
  },
}, {
  title: "a database away from the middle of the stream until after its end gets the message whole, once",
  async run(on) {
    const { client, main, proxy } = on;
    const away = Promise.withResolvers<void>();
    const more = Array.from({ length: 10 }, (_, index) => `and ${index} `);
    const { reader, streamId } = await begin(on, async (call) => {
      await call.token(PARTIAL);
      await away.promise;
      await answers(...more)(call);
    });
    await reader.until("token");
    proxy.away();
    const end = { is_complete: true, finish_reason: "stop", usage: USAGE };
    const text = PARTIAL + more.join("");
    try {
      away.resolve();
      const ended = await readToEnd(reader);
      const { bot_id, model } = ended.start;
      equal([ended.text, ended.last], [text, { stream_id: streamId, message_id: null, bot_id, model, ...end }]);
      equal(await client.stored(streamId), undefined);
    } finally {
      proxy.back();
    }
    const stored = await eventually("the message is stored", () => client.stored(streamId));
    const { content, is_complete, finish_reason, usage } = stored;
    equal([content, { is_complete, finish_reason, usage }], [text, end]);
    const late = await eventually(
      "the log says so",
      () => main.lines().find((line) => line.event === "message_stored_late" && line.stream_id === streamId),
    );
    ok(Number(late.attempts) > 1);
    expectQuiet(on, main, reader);
    await expectAlive(on, main);
  },
}, {
  title: "answers of relay_finish that get lost make no second message",
  async run(on) {
    const { proxy } = on;
    let calls = 0;
    proxy.intercept((name) => name === "relay_finish" && ++calls <= 3 ? "lose" : "pass");
    try {
      const begun = await begin(on, answers(PARTIAL));
      await expectEnd(on, begun, { text: PARTIAL, usage: USAGE });
      ok(JSON.parse(begun.reader.events.at(-1)!.data).message_id !== null);
      // More than one more if a beat moved the offset at which the text goes on.
      ok(calls >= 4);
    } finally {
      proxy.intercept();
    }
  },
}, {
  title: "beats that fail stop nothing and are logged once",
  async run(on) {
    const { main, proxy } = on;
    const enough = Promise.withResolvers<void>();
    const before = main.lines().length;
    let beats = 0;
    proxy.intercept((name) => {
      if (name !== "relay_beat") return "pass";
      // With the third one the failures of two have been seen.
      if (++beats === 3) enough.resolve();
      return new Response("Bad gateway", { status: 502 });
    });
    try {
      const begun = await begin(on, async (call) => {
        await call.token(PARTIAL);
        await enough.promise;
        await call.finish();
      });
      await expectEnd(on, begun, { text: PARTIAL, usage: USAGE });
      equal(main.lines().slice(before).filter(({ event }) => event === "beats_failing").length, 1);
    } finally {
      proxy.intercept();
    }
  },
}, {
  title: "a text that the database refuses harms its own generation alone, and a view its own reader",
  async run(on) {
    const { client, main, proxy } = on;
    const [more, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const script = (ends?: Promise<void>): Script => async (call) => {
      await call.token(PARTIAL);
      await more.promise;
      await call.token("more");
      await ends;
      await call.finish();
    };
    const elsewhere = await on.worker({ RELAY_BEAT_MS: "200" });
    const [bad, good, badThere, goodThere] = await Promise.all([
      ...[begin(on, script(end.promise)), begin(on, script())],
      ...[script(end.promise), script()].map((there) => begin(on, there, { worker: elsewhere })),
    ]);
    // Those that run on one worker are read on the other.
    const watch = async ({ streamId }: Begun, { url }: Worker) => {
      const reader = await client.watch(streamId, { worker: url });
      return (await reader.untilText(PARTIAL), reader);
    };
    const [lost, ...readers] = await Promise.all(
      [watch(badThere, main), watch(goodThere, main), watch(good, elsewhere)],
    );
    const refused = Response.json(
      { code: "54000", message: "total size of jsonb exceeds", details: null, hint: null },
      {
        status: 400,
      },
    );
    proxy.intercept((name, { stream_ids, texts }) => {
      const isBad = name === "relay_read" && stream_ids.includes(badThere.streamId) ||
        name === "relay_beat" && texts[stream_ids.indexOf(bad.streamId)];
      return isBad ? refused.clone() : "pass";
    });
    const lines = (event: string) => main.lines().filter((line) => line.event === event).map((line) => line.stream_id);
    try {
      more.resolve();
      // Their text comes by beats and reads that begin with the bad one's in them.
      for (const reader of [...readers, good.reader, goodThere.reader]) equal((await readToEnd(reader)).end, "done");
      equal((await lost.rest()).filter(({ event }) => event !== "ping"), []);
      await eventually("the text is refused", () => lines("text_refused").length > 0);
      equal([lines("text_refused"), lines("read_refused")], [[bad.streamId], [badThere.streamId]]);
    } finally {
      proxy.intercept();
    }
    end.resolve();
    for (const { reader } of [bad, badThere]) equal((await readToEnd(reader)).end, "done");
    equal((await client.stored(bad.streamId)).content, `${PARTIAL}more`);
  },
}, {
  title: "a database that answers with an error is an opaque 500 internal",
  async run(on) {
    const { main, proxy, stack } = on;
    const url = stack.provider.script(answers());
    proxy.intercept((name, { prompt }) => {
      const said = { details: `the prompt is ${prompt}`, hint: `the prompt is ${prompt}` };
      if (name !== "relay_begin") return "pass";
      return Response.json({ code: "22P02", message: "invalid input syntax", ...said }, { status: 400 });
    });
    try {
      const { message } = await expectRefusal((await ask(on, url)).response, 500, "internal");
      equal(message, "The relay failed: its log has the cause");
    } finally {
      proxy.intercept();
    }
    equal(stack.provider.calls(url), []);
    ok(main.lines().some(({ cause }) => `${cause}`.includes("22P02")));
    expectQuiet(on, main);
    await expectAlive(on, main);
  },
}, {
  title: "internal comes as an event, too, and says nothing of its cause",
  async run(on) {
    const { main, proxy } = on;
    // An admission that breaks the worker's own code after the answer has begun.
    const ids = { fence: UNKNOWN, conversation_id: UNKNOWN, bot_id: UNKNOWN };
    const bot = { access_path: "http://127.0.0.1:1/v1", model: "model", params: {}, rests: false, fallbacks: [] };
    const admission = {
      outcome: "admitted",
      ...ids,
      ...bot,
      access_key: 4711,
      context: [],
      rate: { limit: 5, remaining: 4, reset_s: 60 },
    };
    proxy.intercept((name) => name === "relay_begin" ? Response.json(admission) : "pass");
    try {
      const { last } = await readToEnd((await begin(on, answers(), { body: { stream_id: UNKNOWN } })).reader);
      const message = "The relay failed: its log has the cause";
      equal(last, { code: "internal", message, retryable: true, stream_id: UNKNOWN, message_id: null });
    } finally {
      proxy.intercept();
    }
    await eventually("the log has the cause", () => main.log().includes("TypeError"));
    expectQuiet(on, main);
  },
}, {
  title:
    `${MAX_DATABASE_CALLS} calls of requests are under way at once, the last ${MIN_FREE_DATABASE_CALLS} of users without another, and one more waits ${DATABASE_WAIT_MS} ms`,
  async run({ stack, proxy, main }) {
    const target = stack.targetOf([main]);
    const author = await newAuthor(target, stack.provider, async (call) => {
      await call.token("Once");
      await released.promise;
      await call.finish();
    });
    const released = Promise.withResolvers<void>();
    const reader = await author.open({ prompt: "Once" });
    await reader.until("token");
    const crowd = await Promise.all(Array.from({ length: 2 + MIN_FREE_DATABASE_CALLS }, () => newClient(target)));
    const forMany = MAX_DATABASE_CALLS - MIN_FREE_DATABASE_CALLS;
    let held = 0;
    const [taken, full] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    proxy.intercept((name) => {
      if (name !== "relay_cancel") return "pass";
      held++;
      if (held === forMany) taken.resolve();
      if (held === MAX_DATABASE_CALLS) full.resolve();
      return "hold";
    });
    try {
      const [one, other, ...few] = crowd;
      const many = [one, other].flatMap((client) =>
        Array.from({ length: MAX_DATABASE_CALLS_OF_USER + 1 }, () => client.cancel("unknown"))
      );
      await taken.promise;
      const cancels = [...many, ...few.map((client) => client.cancel("unknown"))];
      await full.promise;
      const response = await author.ask({ prompt: "Once" });
      equal(response.headers.get("retry-after"), "2");
      await expectRefusal(response, 503, "overloaded");
      equal(held, MAX_DATABASE_CALLS);
      // Beats and the end of what runs go past them.
      released.resolve();
      const { text, last } = await readToEnd(reader);
      equal([text, last.is_complete], ["Once", true]);
      proxy.intercept();
      for (const cancelled of await Promise.all(cancels)) await cancelled.body?.cancel();
      equal((await author.generate({ prompt: "Once" })).text, "Once");
    } finally {
      proxy.intercept();
    }
  },
}];
