/** GET /stream/{stream_id} while the generation runs: from any worker, from any offset, for any number of readers. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { MAX_READ_STREAMS } from "../../supabase/functions/_relay/protocol/limits.ts";
import { newAuthor, newClient, newRunning, visible } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import type { Target } from "../../testkit/people.ts";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import { expectRefusal, readEvents, readToEnd, textOf } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** Each kind of character that an offset can stand before, behind or inside of. */
const BEGINNING = "A🦊 ran\n\n  home ";
const END = "🦊 again.";
const WHOLE = BEGINNING + END;

/** A generation on the first worker that has said the beginning, which the database has, too. */
async function givenBegun(target: Target, provider: ScriptedProvider) {
  const running = await newRunning(target, provider, { text: BEGINNING });
  const { stream_id, reader, call } = running;
  // A reader on another worker has it from the database.
  const other = await running.watch(stream_id, { worker: target.workers.at(-1) });
  await other.untilText(BEGINNING);
  await other.leave();
  const finish = async () => (await Promise.all([readToEnd(reader), call.finish()]))[0];
  return { ...running, finish };
}

export const resume: Scenario[] = [{
  title: "a reader from the beginning gets start, the text so far in one event, and then what comes",
  async run(target, provider) {
    const begun = await givenBegun(target, provider);
    const readers = [];
    for (const worker of target.workers) {
      const response = await begun.get(begun.stream_id, { worker });
      const names = ["content-type", "cache-control", "x-accel-buffering", "x-stream-id"];
      const values = names.map((name) => response.headers.get(name));
      const expected = ["text/event-stream; charset=utf-8", "no-cache, no-transform", "no", begun.stream_id];
      equal([response.status, ...values], [200, ...expected]);
      const reader = readEvents(response);
      const seen = (await reader.until("token")).filter(({ event }) => event !== "ping");
      const token = { event: "token", id: String(BEGINNING.length), data: BEGINNING };
      equal(seen, [begun.reader.events[0], token]);
      readers.push(reader);
    }
    await begun.call.token(END);
    const { text, last } = await begun.finish();
    equal(text, WHOLE);
    for (const reader of readers) {
      const ended = await readToEnd(reader);
      equal([ended.text, ended.last], [WHOLE, last]);
    }
    equal((await begun.stored(begun.stream_id)).content, WHOLE);
  },
}, {
  title: "Last-Event-ID and last_event_id name where to go on, at every offset and on every worker",
  async run(target, provider) {
    const begun = await givenBegun(target, provider);
    // Behind the first character, behind a pair, before, inside and behind line ends, at the end of what there is.
    const offsets = [1, 3, 7, 8, 9, 10, BEGINNING.length];
    const readers = await Promise.all(
      target.workers.flatMap((worker) =>
        offsets.map(async (from, index) => {
          const reader = await begun.watch(begun.stream_id, { worker, from, inQuery: index % 2 === 1 });
          return { from, reader };
        })
      ),
    );
    await begun.call.token(END);
    const { last } = await begun.finish();
    for (const { from, reader } of readers) {
      const rest = await readToEnd(reader, from);
      equal([from, rest.text, rest.last], [from, WHOLE.slice(from), last]);
    }
  },
}, {
  title: "an offset of 0 is the beginning, and the header counts before the query",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const { start: { stream_id }, text } = await author.generate({ prompt: "Begin" });
    equal((await author.replay(stream_id, { from: 0 })).text, text);
    equal((await author.replay(stream_id, { from: "", inQuery: true })).text, text);
    const both = await author.watch(stream_id, { from: 3, inQuery: true, headers: { "last-event-id": "5" } });
    equal((await readToEnd(both, 5)).text, text.slice(5));
  },
}, {
  title: "an offset inside a surrogate pair goes on with the whole character, for half of one was never sent",
  async run(target, provider) {
    const begun = await givenBegun(target, provider);
    const check = async () => {
      for (const worker of target.workers) {
        const reader = await begun.watch(begun.stream_id, { worker, from: 2 });
        const seen = (await reader.until("token")).filter(({ event }) => event !== "ping");
        equal(seen, [{ event: "token", id: String(BEGINNING.length), data: BEGINNING.slice(1) }]);
        await reader.leave();
      }
    };
    await check();
    await begun.finish();
    await check();
  },
}, {
  title: "a reader ahead of the database gets only what it has not seen, and one ahead of the whole text its end",
  async run(target, provider) {
    const begun = await givenBegun(target, provider);
    await begun.call.token(END.slice(0, 4));
    await begun.reader.untilText(END.slice(0, 4));
    // The next beat may not have brought this yet: the reader knows more than the database.
    const from = BEGINNING.length + 4;
    const readers = await Promise.all(target.workers.map((worker) => begun.watch(begun.stream_id, { worker, from })));
    await begun.call.token(END.slice(4));
    const { last } = await begun.finish();
    for (const reader of readers) {
      const rest = await readToEnd(reader, from);
      equal([rest.text, rest.last], [WHOLE.slice(from), last]);
    }
    for (const worker of target.workers) {
      const rest = await begun.replay(begun.stream_id, { worker, from: 999_999_999 });
      equal([rest.text, rest.last], ["", last]);
    }
  },
}, {
  title: "readers on all workers learn the end of a generation that is cancelled or fails",
  async run(target, provider) {
    for (const [ends, expected] of [["cancel", ["done", "cancelled"]], ["break", ["error", "provider_bad_response"]]]) {
      const begun = await givenBegun(target, provider);
      const readers = await Promise.all(
        [...target.workers, ...target.workers].map((worker) => begun.watch(begun.stream_id, { worker })),
      );
      if (ends === "break") begun.call.break();
      else await (await begun.cancel(begun.stream_id)).body?.cancel();
      const whole = await readToEnd(begun.reader);
      equal([whole.end, whole.last.code ?? whole.last.finish_reason], expected);
      for (const reader of readers) {
        const { text, end, last } = await readToEnd(reader);
        // The message of a failure is not stored, its code is.
        equal([text, end, { ...last, message: "" }], [BEGINNING, whole.end, { ...whole.last, message: "" }]);
      }
    }
  },
}, {
  title: "another user's stream looks like it does not exist, running or ended",
  async run(target, provider) {
    const begun = await givenBegun(target, provider);
    const mallory = await newClient(target);
    const check = async () => {
      for (const worker of target.workers) {
        for (const from of [undefined, 3]) {
          const foreign = await visible(await mallory.get(begun.stream_id, { worker, from }));
          equal(foreign, await visible(await mallory.get(crypto.randomUUID(), { worker, from })));
          const { code } = JSON.parse(foreign.body).error;
          equal([foreign.status, code, foreign.headers["x-stream-id"]], [404, "stream_not_found", undefined]);
        }
      }
    };
    await check();
    await begun.finish();
    await check();
    for (const path of ["x".repeat(129), "no%20id", "", "some/id"]) {
      const headers = { authorization: `Bearer ${mallory.user.token}` };
      await expectRefusal(await fetch(`${target.workers[0]}/stream/${path}`, { headers }), 404, "stream_not_found");
    }
    await expectRefusal(await mallory.get(begun.stream_id, { token: null }), 401, "unauthenticated");
  },
}, {
  title: "a last event id that is no offset is refused by name, to readers and to starts",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const { start: { stream_id } } = await author.generate({ prompt: "Begin" });
    for (const from of ["x", "-1", "1.5", "1e3", "0x10", "+1", "1234567890"]) {
      const responses = await Promise.all([
        author.get(stream_id, { from }),
        author.get(stream_id, { from: encodeURIComponent(from), inQuery: true }),
        author.ask({ prompt: "x" }, { headers: { "last-event-id": from } }),
      ]);
      for (const response of responses) {
        const { issues } = await expectRefusal(response, 400, "invalid_request");
        equal(issues.map(({ path }: { path: string }) => path), ["last_event_id"]);
      }
    }
    equal(author.calls().length, 1);
  },
}, {
  title: `a user may read ${MAX_READ_STREAMS} streams at once on a worker, besides those started there`,
  async run(target, provider) {
    const begun = await givenBegun(target, provider);
    for (const worker of target.workers) {
      // The worker learns a moment later that the one before has left.
      const place = async () => {
        const response = await begun.get(begun.stream_id, { worker });
        if (response.status === 200) return readEvents(response);
        await response.body?.cancel();
      };
      const readers = await Promise.all(
        Array.from({ length: MAX_READ_STREAMS }, () => eventually("there is a place", place)),
      );
      const over = await begun.get(begun.stream_id, { worker });
      equal(over.headers.get("retry-after"), "5");
      const { message } = await expectRefusal(over, 429, "too_many_streams");
      ok(message.includes(String(MAX_READ_STREAMS)), message);
      // Others have places of their own.
      const other = await newAuthor(target, provider);
      const { start } = await other.generate({ prompt: "x" });
      await other.replay(start.stream_id, { worker });
      for (const reader of readers) {
        equal(textOf(await reader.untilText(BEGINNING)), BEGINNING);
        await reader.leave();
      }
    }
    await begun.finish();
    // The places are free again once their streams have ended; one after the other more would be none too many.
    for (let count = 0; count <= MAX_READ_STREAMS; count++) {
      equal((await begun.replay(begun.stream_id)).text, BEGINNING);
    }
  },
}];
