/** GET /stream/{stream_id} while the generation runs: from any worker, from any offset, for any number of readers. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { MAX_READ_STREAMS } from "../../supabase/functions/_relay/protocol/limits.ts";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import { textOf } from "../../testkit/reader.ts";
import { signUp, storedMessage, type Target } from "../../testkit/target.ts";
import {
  cancel,
  get,
  givenAuthor,
  open,
  readFrom,
  readToEnd,
  refused,
  type Scenario,
  tell,
  untilText,
  visible,
  waits,
  watch,
} from "./scenario.ts";

/** Each kind of character that an offset can stand behind, beside, or amid. */
const BEGINNING = "A🦊 ran\n\n  home ";
const END = "🦊 again.";
const WHOLE = BEGINNING + END;

/** A generation on the first worker that has said the beginning, which the database has too. */
async function givenBegun(target: Target, provider: ScriptedProvider, fields: Record<string, unknown> = {}) {
  const author = await givenAuthor(target, provider, waits);
  const stream_id = crypto.randomUUID();
  const body = { prompt: "Begin", stream_id, ...fields };
  const stream = await open(target, author.user, body);
  const call = await provider.called(author.baseUrl);
  await call.token(BEGINNING);
  const seen = await untilText(stream, BEGINNING);
  // Whoever reads it on another worker has it from the database.
  const worker = target.workers.at(-1);
  const other = await watch(target, author.user, stream_id, { worker });
  await untilText(other, BEGINNING);
  await other.leave();
  return { ...author, stream_id, stream, seen, call };
}

export const resume: Scenario[] = [{
  title: "a reader from the beginning gets start, the text so far in one event, and then what comes",
  async run(target, provider) {
    const { user, stream_id, stream, seen, call } = await givenBegun(target, provider);
    const readers = [];
    for (const worker of target.workers) {
      const response = await get(target, user, stream_id, { worker });
      const header = (name: string) => response.headers.get(name);
      equal([
        response.status,
        header("content-type"),
        header("cache-control"),
        header("x-accel-buffering"),
        header("x-stream-id"),
      ], [200, "text/event-stream; charset=utf-8", "no-cache, no-transform", "no", stream_id]);
      await response.body?.cancel();
      const reader = await watch(target, user, stream_id, { worker });
      const begun = await reader.until("token");
      equal(begun.filter(({ event }) => event !== "ping"), [seen[0], {
        event: "token",
        id: String(BEGINNING.length),
        data: BEGINNING,
      }]);
      readers.push({ reader, begun });
    }
    await call.token(END);
    const [whole] = await Promise.all([readToEnd(stream, seen), call.finish()]);
    equal(whole.text, WHOLE);
    for (const { reader, begun } of readers) {
      const { text, end, last } = await readFrom(reader, 0, begun);
      equal([text, end, last], [WHOLE, "done", whole.last]);
    }
    equal((await storedMessage(target, user, stream_id)).content, WHOLE);
  },
}, {
  title: "Last-Event-ID and last_event_id name where to go on, at every offset and on every worker",
  async run(target, provider) {
    const { user, stream_id, stream, call } = await givenBegun(target, provider);
    // After the first character, after a pair, before, amid and after line ends, at the end of what there is.
    const offsets = [1, 3, 7, 8, 9, 10, BEGINNING.length];
    const open = async (reader: { worker: string; from: number; inQuery: boolean }) => ({
      from: reader.from,
      stream: await watch(target, user, stream_id, reader),
    });
    const readers = await Promise.all(
      target.workers.flatMap((worker) =>
        offsets.map((from, index) => open({ worker, from, inQuery: index % 2 === 1 }))
      ),
    );
    await call.token(END);
    const [{ last }] = await Promise.all([readToEnd(stream, [{ event: "start", id: "0", data: "{}" }]), call.finish()]);
    for (const { from, stream } of readers) {
      const rest = await readFrom(stream, from);
      equal([from, rest.text], [from, WHOLE.slice(from)]);
      equal(rest.last, last);
    }
  },
}, {
  title: "an offset of 0 is the beginning, and the header counts before the query",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const { start: { stream_id }, text } = await tell(target, user, { prompt: "Begin" });
    for (
      const [reader, from] of [[{ from: 0 }, 0], [{ from: "", inQuery: true }, 0], [
        { from: 3, inQuery: true, headers: { "last-event-id": "5" } },
        5,
      ]] as const
    ) {
      const stream = await watch(target, user, stream_id, reader);
      equal((await readFrom(stream, from)).text, text.slice(from));
    }
  },
}, {
  title: "an offset amid a surrogate pair goes on with the whole character, for half a one was never sent",
  async run(target, provider) {
    const { user, stream_id, stream, seen, call } = await givenBegun(target, provider);
    const amid = async () => {
      for (const worker of target.workers) {
        const reader = await watch(target, user, stream_id, { worker, from: 2 });
        const events = await reader.until("token");
        equal(events.filter(({ event }) => event !== "ping"), [{
          event: "token",
          id: String(BEGINNING.length),
          data: BEGINNING.slice(1),
        }]);
        await reader.leave();
      }
    };
    await amid();
    await Promise.all([readToEnd(stream, seen), call.finish()]);
    await amid();
  },
}, {
  title: "a reader ahead of the database gets only what it has not seen, and one ahead of the whole text its end",
  async run(target, provider) {
    const { user, stream_id, stream, seen, call } = await givenBegun(target, provider);
    await call.token(END.slice(0, 4));
    seen.push(...await untilText(stream, END.slice(0, 4)));
    // The next beat may not have brought this yet: the reader knows more than the database.
    const from = BEGINNING.length + 4;
    const readers = await Promise.all(target.workers.map((worker) => watch(target, user, stream_id, { worker, from })));
    await call.token(END.slice(4));
    const [{ last }] = await Promise.all([readToEnd(stream, seen), call.finish()]);
    for (const reader of readers) {
      const rest = await readFrom(reader, from);
      equal([rest.text, rest.last], [WHOLE.slice(from), last]);
    }
    for (const worker of target.workers) {
      const ahead = { worker, from: 999_999_999 };
      const reader = await watch(target, user, stream_id, ahead);
      const rest = await readFrom(reader, ahead.from);
      equal([rest.text, rest.last], ["", last]);
    }
  },
}, {
  title: "readers on all workers are told the end of a generation that is cancelled or fails",
  async run(target, provider) {
    for (const ends of ["cancel", "break"] as const) {
      const { user, stream_id, stream, seen, call } = await givenBegun(target, provider);
      const readers = await Promise.all(
        target.workers.flatMap((worker) => [
          watch(target, user, stream_id, { worker }),
          watch(target, user, stream_id, { worker }),
        ]),
      );
      if (ends === "break") call.break();
      else await (await cancel(target, user, stream_id)).body?.cancel();
      const whole = await readToEnd(stream, seen);
      equal(
        [whole.end, whole.last.code ?? whole.last.finish_reason],
        ends === "break" ? ["error", "provider_bad_response"] : ["done", "cancelled"],
      );
      for (const reader of readers) {
        const { text, end, last } = await readFrom(reader, 0);
        equal([text, end], [BEGINNING, whole.end]);
        // The words of a failure are not stored, its code is.
        equal({ ...last, message: "" }, { ...whole.last, message: "" });
      }
    }
  },
}, {
  title: "another user's stream cannot be read, running or ended, nor told from an unknown one",
  async run(target, provider) {
    const { stream_id, stream, seen, call } = await givenBegun(target, provider);
    const mallory = await signUp(target);
    const check = async () => {
      for (const worker of target.workers) {
        for (const from of [undefined, 3]) {
          const unknown = await visible(await get(target, mallory, crypto.randomUUID(), { worker, from }));
          const foreign = await visible(await get(target, mallory, stream_id, { worker, from }));
          equal(foreign, unknown);
          equal([
            foreign.status,
            JSON.parse(foreign.body).error.code,
            foreign.headers["x-stream-id"],
          ], [404, "stream_not_found", undefined]);
        }
      }
    };
    await check();
    await Promise.all([readToEnd(stream, seen), call.finish()]);
    await check();
    for (const id of ["x".repeat(129), "no id", "", "some/id"]) {
      const path = id.split("/").map(encodeURIComponent).join("/");
      const response = await fetch(`${target.workers[0]}/stream/${path}`, {
        headers: { authorization: `Bearer ${mallory.token}` },
      });
      await refused(response, 404, "stream_not_found");
    }
    await refused(await get(target, { token: null }, stream_id), 401, "unauthenticated");
  },
}, {
  title: "a last event id that is no offset is refused by name, to readers and to starts",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    const { start } = await tell(target, user, { prompt: "Begin" });
    const { stream_id } = start;
    const wrong = ["x", "-1", "1.5", "1e3", "0x10", "+1", "1234567890"];
    for (const from of wrong) {
      const answers = [
        get(target, user, stream_id, { from }),
        get(target, user, stream_id, { from: encodeURIComponent(from), inQuery: true }),
        fetch(`${target.workers[0]}/stream`, {
          method: "POST",
          headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json", "last-event-id": from },
          body: JSON.stringify({ prompt: "x" }),
        }),
      ];
      for (const response of await Promise.all(answers)) {
        const { issues } = await refused(response, 400, "invalid_request");
        equal(issues.map(({ path }: { path: string }) => path), ["last_event_id"]);
      }
    }
    equal(provider.calls(baseUrl).length, 1);
  },
}, {
  title: `a user may read ${MAX_READ_STREAMS} streams at once on a worker, beside those started there`,
  async run(target, provider) {
    const { user, stream_id, stream, seen, call } = await givenBegun(target, provider);
    for (const worker of target.workers) {
      const readers = await Promise.all(
        Array.from({ length: MAX_READ_STREAMS }, () => watch(target, user, stream_id, { worker })),
      );
      const over = await get(target, user, stream_id, { worker });
      equal(over.headers.get("retry-after"), "5");
      const { message } = await refused(over, 429, "too_many_streams");
      equal(message.includes(String(MAX_READ_STREAMS)), true);
      // Others have places of their own.
      const other = await givenAuthor(target, provider);
      const { start } = await tell(target, other.user, { prompt: "x" });
      const theirs = await watch(target, other.user, start.stream_id, { worker });
      await readFrom(theirs, 0);
      for (const reader of readers) {
        equal(textOf(await untilText(reader, BEGINNING)), BEGINNING);
        await reader.leave();
      }
    }
    await Promise.all([readToEnd(stream, seen), call.finish()]);
    // The places are free again once their streams have ended; one after the other more would be none too many.
    for (let count = 0; count <= MAX_READ_STREAMS; count++) {
      const reader = await watch(target, user, stream_id);
      equal((await readFrom(reader, 0)).text, BEGINNING);
    }
  },
}];
