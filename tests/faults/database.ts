/** A database that is away, or whose answers get lost. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { dataOf, post, readStory, textOf } from "../../testkit/reader.ts";
import { makeBot, storedMessage } from "../../testkit/target.ts";
import {
  beginStory,
  expectAlive,
  expectEnd,
  expectQuiet,
  expectRefusal,
  logOf,
  PARTIAL,
  PROMPT,
  type Scenario,
  USAGE,
} from "./lab.ts";

/** The message is stored once, whole, whatever happens between the worker and its database. */
export const databaseFaults: Scenario[] = [{
  title: "a database that is away is 503 unavailable with Retry-After",
  async run(lab) {
    const { rig, user, main, proxy } = lab;
    const url = rig.provider.script((call) => call.finish());
    const bot_id = await makeBot(rig.target, user, url);
    proxy.away();
    try {
      const asks = [
        post(`${main.url}/stream`, user.token, { prompt: PROMPT, bot_id }),
        post(`${main.url}/cancel`, user.token, { stream_id: "some" }),
      ];
      for (const response of await Promise.all(asks)) {
        await expectRefusal(response, 503, "unavailable");
        equal(response.headers.get("retry-after"), "5");
      }
      const ready = await fetch(`${main.url}/healthz?ready`);
      equal([ready.status, await ready.json()], [503, { status: "unavailable" }]);
      equal(ready.headers.get("access-control-allow-origin"), "*");
      const alive = await fetch(`${main.url}/healthz`);
      equal([alive.status, await alive.json()], [200, { status: "ok" }]);
    } finally {
      proxy.back();
    }
    const ready = await fetch(`${main.url}/healthz?ready`);
    equal([ready.status, await ready.json()], [200, { status: "ok" }]);
    equal(rig.provider.calls(url), []);
    expectQuiet(lab, main);
    await expectAlive(lab, main);
  },
}, {
  title: "a start that the database never heard of is admitted when it is asked for again",
  async run(lab) {
    const { rig, user, main, proxy } = lab;
    const url = rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await call.finish();
    });
    const bot_id = await makeBot(rig.target, user, url);
    const stream_id = crypto.randomUUID();
    const start = () => post(`${main.url}/stream`, user.token, { prompt: PROMPT, bot_id, stream_id });
    proxy.away();
    try {
      await expectRefusal(await start(), 503, "unavailable");
    } finally {
      proxy.back();
    }
    const events = await readStory(await start()).rest();
    equal(textOf(events), PARTIAL);
    const { message_id, is_complete } = dataOf(events, "done");
    // The first start's worker meant another admission, and leaves this one alone.
    const stored = await storedMessage(rig.target, user, stream_id);
    equal([stored.id, is_complete], [message_id, true]);
    equal(rig.provider.calls(url).length, 1);
    expectQuiet(lab, main);
  },
}, {
  title: "a start whose admission got lost is ended by its worker: the same stream_id again says interrupted",
  async run(lab) {
    const { rig, user, main, proxy } = lab;
    const url = rig.provider.script((call) => call.finish());
    const bot_id = await makeBot(rig.target, user, url);
    const stream_id = crypto.randomUUID();
    const start = () => post(`${main.url}/stream`, user.token, { prompt: PROMPT, bot_id, stream_id });
    proxy.intercept((name) => name === "relay_begin" ? "lose" : "pass");
    try {
      await expectRefusal(await start(), 503, "unavailable");
    } finally {
      proxy.intercept();
    }
    for (const _ of ["once", "and again"]) {
      const events = await readStory(await start()).rest();
      const names = events.map(({ event }) => event);
      equal(names.filter((name) => name !== "ping"), ["start", "error"]);
      const { code, retryable, message_id } = dataOf(events, "error");
      equal([code, retryable, message_id], ["interrupted", true, null]);
    }
    equal(rig.provider.calls(url), []);
    expectQuiet(lab, main);
    await expectAlive(lab, main);
  },
}, {
  title: "a database away from amid the stream until after its end gets the message whole, once",
  async run(lab) {
    const { rig, user, main, proxy } = lab;
    const url = rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await away.promise;
      for (let i = 0; i < 10; i++) await call.token(`and ${i} `);
      await call.finish();
    });
    const away = Promise.withResolvers<void>();
    const started = await beginStory(lab, main, url);
    await started.until("token");
    proxy.away();
    try {
      away.resolve();
      await started.rest();
      equal(dataOf(started.events, "done"), {
        stream_id: started.streamId,
        message_id: null,
        is_complete: true,
        finish_reason: "stop",
        usage: USAGE,
      });
      const text = `${PARTIAL}${Array.from({ length: 10 }, (_, i) => `and ${i} `).join("")}`;
      equal(textOf(started.events), text);
      equal(await storedMessage(rig.target, user, started.streamId), undefined);
    } finally {
      proxy.back();
    }
    const stored = await eventually("the message is stored", () => storedMessage(rig.target, user, started.streamId));
    const { content, is_complete, finish_reason, usage } = stored;
    equal({ content, is_complete, finish_reason, usage }, {
      content: textOf(started.events),
      is_complete: true,
      finish_reason: "stop",
      usage: USAGE,
    });
    const late = await eventually(
      "the log says so",
      () =>
        logOf(main).find((line) =>
          line.event === "message_stored_late" &&
          line.stream_id === started.streamId
        ),
    );
    ok(Number(late.attempts) > 1);
    expectQuiet(lab, main, started);
    await expectAlive(lab, main);
  },
}, {
  title: "answers of relay_finish that get lost make no second message",
  async run(lab) {
    const { rig, main, proxy } = lab;
    const url = rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await call.finish();
    });
    let lost = 0;
    let calls = 0;
    proxy.intercept((name) => {
      if (name !== "relay_finish") return "pass";
      return ++calls <= 3 ? (lost++, "lose") : "pass";
    });
    try {
      const started = await beginStory(lab, main, url);
      await expectEnd(lab, main, url, started, {
        text: PARTIAL,
        done: { finish_reason: "stop", is_complete: true, usage: USAGE },
      });
      ok(dataOf(started.events, "done").message_id !== null);
      // More where a beat was under way, which moves the place at which the text goes on.
      equal(lost, 3);
      ok(calls >= 4);
    } finally {
      proxy.intercept();
    }
    await expectAlive(lab, main);
  },
}, {
  title: "beats that fail stop nothing and are logged once",
  async run(lab) {
    const { rig, main, proxy } = lab;
    const enough = Promise.withResolvers<void>();
    const url = rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await enough.promise;
      await call.finish();
    });
    let beats = 0;
    const before = logOf(main).length;
    proxy.intercept((name) => {
      if (name !== "relay_beat") return "pass";
      // With the third one the failures of two have been seen.
      if (++beats === 3) enough.resolve();
      return new Response("Bad gateway", { status: 502 });
    });
    try {
      const started = await beginStory(lab, main, url);
      await expectEnd(lab, main, url, started, {
        text: PARTIAL,
        done: { finish_reason: "stop", is_complete: true, usage: USAGE },
      });
      const lines = logOf(main).slice(before);
      equal(lines.filter(({ event }) => event === "beats_failing").length, 1);
    } finally {
      proxy.intercept();
    }
    await expectAlive(lab, main);
  },
}, {
  title: "a database that answers with an error is an opaque 500 internal",
  async run(lab) {
    const { rig, user, main, proxy } = lab;
    const url = rig.provider.script((call) => call.finish());
    const bot_id = await makeBot(rig.target, user, url);
    proxy.intercept((name, args) =>
      name === "relay_begin"
        ? Response.json({
          code: "22P02",
          message: "invalid input syntax",
          details: `the prompt is ${args.prompt}`,
          hint: `the prompt is ${args.prompt}`,
        }, { status: 400 })
        : "pass"
    );
    try {
      const response = await post(`${main.url}/stream`, user.token, { prompt: PROMPT, bot_id });
      await expectRefusal(response.clone(), 500, "internal");
      equal(await response.json(), { error: { code: "internal", message: "The relay failed: its log has the cause" } });
    } finally {
      proxy.intercept();
    }
    equal(rig.provider.calls(url), []);
    ok(logOf(main).some((line) => `${line.cause}`.includes("22P02")));
    expectQuiet(lab, main);
    await expectAlive(lab, main);
  },
}];
