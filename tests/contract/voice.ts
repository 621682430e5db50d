/** One voice at a time: what a prompt waits for, how a second device finds what runs, and where a cancel cuts. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { newClient, newRunning } from "../../testkit/author.ts";
import type { Target } from "../../testkit/people.ts";
import { answers, type Script, type ScriptedProvider, waits } from "../../testkit/provider.ts";
import { expectReadable, expectRefusal, post, readEvents, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** An author whose first answer has said "Once" and goes on; the next ones are "Yes." */
async function givenVoice(target: Target, provider: ScriptedProvider, text = "Once") {
  let count = 0;
  const script: Script = (call) => (count++ === 0 ? waits : answers("Yes."))(call);
  const running = await newRunning(target, provider, { prompt: "one", text }, script);
  const { reader, call, calls } = running;
  const { conversation_id } = JSON.parse(reader.events[0].data);
  return {
    ...running,
    conversation_id: conversation_id as string,
    /** The context of the last request of the provider. */
    context: () => calls().at(-1)!.body.messages.map(({ content }: { content: string }) => content),
    /** Ends what runs, so that nothing is left of the scenario. */
    async end() {
      await Promise.all([readToEnd(reader), call.finish()]);
    },
  };
}

const cancelled = async (asked: Promise<Response>, status = 202) => {
  const response = await asked;
  equal(response.status, status, await response.text());
};

export const voice: Scenario[] = [{
  title: "a prompt without parent_id is refused while the answer before it goes on, and nothing of it is stored",
  async run(target, provider) {
    const running = await givenVoice(target, provider);
    const { conversation_id, stream_id } = running;
    const before = [await running.messages(conversation_id), await running.conversation(conversation_id)];
    const asked = crypto.randomUUID();
    for (const body of [{ prompt: "two" }, { messages: [{ role: "user", content: "two" }] }]) {
      for (const worker of target.workers) {
        const response = await running.ask({ ...body, conversation_id, stream_id: asked }, { worker });
        const after = Number(response.headers.get("retry-after"));
        ok(after >= 1 && after <= 15, `Retry-After is ${after}`);
        equal((await expectRefusal(response, 409, "conversation_busy")).stream_id, stream_id);
      }
    }
    equal([await running.messages(conversation_id), await running.conversation(conversation_id)], before);
    equal(running.calls().length, 1);
    await running.end();
    const { last } = await running.generate({ prompt: "two", conversation_id, stream_id: asked });
    equal([last.is_complete, running.context()], [true, ["one", "Once", "two"]]);
  },
}, {
  title: "what names a place is never busy: a parent, a new root, another version, the same stream_id",
  async run(target, provider) {
    const running = await givenVoice(target, provider);
    const { conversation_id, stream_id } = running;
    const { user_message_id } = JSON.parse(running.reader.events[0].data);
    const places = [{ prompt: "two", parent_id: user_message_id }, { prompt: "two", parent_id: null }];
    for (const body of [...places, { reroll_of: user_message_id }]) {
      equal((await running.generate({ ...body, conversation_id })).text, "Yes.");
    }
    const again = await running.open({ prompt: "two", conversation_id, stream_id });
    await again.untilText("Once");
    await again.leave();
    await running.end();
  },
}, {
  title: "stop, then the next prompt at once: the context has the partial answer, whichever worker is asked",
  async run(target, provider) {
    for (const worker of target.workers) {
      const running = await givenVoice(target, provider);
      const { conversation_id, stream_id } = running;
      const stopped = readToEnd(running.reader);
      await cancelled(running.cancel(stream_id));
      const { last, text } = await running.generate({ prompt: "two", conversation_id }, { worker });
      equal([text, last.is_complete, running.context()], ["Yes.", true, ["one", "Once", "two"]]);
      equal((await stopped).last.finish_reason, "cancelled");
      equal((await running.conversation(conversation_id)).active_message_id, last.message_id);
    }
  },
}, {
  title: "a second device finds what runs in a conversation, and nobody else does",
  async run(target, provider) {
    const running = await givenVoice(target, provider);
    const { conversation_id, stream_id } = running;
    const stranger = await newClient(target);
    for (const worker of target.workers) {
      const head = await fetch(`${worker}/stream?conversation_id=${conversation_id}`, {
        method: "HEAD",
        headers: { authorization: `Bearer ${running.user.token}` },
      });
      equal([head.status, head.headers.get("x-stream-id")], [200, stream_id]);
      for (const [client, id] of [[stranger, conversation_id], [running, crypto.randomUUID()]] as const) {
        const nothing = await client.getRunning(id, { worker });
        equal([nothing.status, await nothing.text(), nothing.headers.get("x-stream-id")], [204, "", null]);
        expectReadable(nothing);
      }
    }
    const responses = await Promise.all(
      target.workers.map((worker) => running.getRunning(conversation_id, { worker })),
    );
    for (const { headers } of responses) equal(headers.get("x-stream-id"), stream_id);
    const readers = responses.map((response) => readToEnd(readEvents(response)));
    await running.call.token(" upon");
    await running.end();
    for (const { start, text, last } of await Promise.all(readers)) {
      equal([start.stream_id, text, last.is_complete], [stream_id, "Once upon", true]);
    }
    for (const worker of target.workers) equal((await running.getRunning(conversation_id, { worker })).status, 204);
    const offset = await running.getRunning(conversation_id, { headers: { "last-event-id": "4" } });
    await expectRefusal(offset, 409, "stream_id_required");
  },
}, {
  title: "a cancel with an offset cuts the text there, and no half of a surrogate pair; the next prompt follows that",
  async run(target, provider) {
    for (const [at, content] of [[9, "Foxes 🦊 "], [7, "Foxes "], [99, "Foxes 🦊 ran"]] as const) {
      const running = await givenVoice(target, provider, "Foxes 🦊 ran");
      const { conversation_id, stream_id } = running;
      const stopped = readToEnd(running.reader);
      await cancelled(running.cancel(stream_id, { at }));
      await running.generate({ prompt: "two", conversation_id });
      equal(running.context(), ["one", content, "two"]);
      const { last } = await stopped;
      equal([last.finish_reason, (await running.stored(stream_id)).id], ["cancelled", last.message_id]);
      equal((await running.replay(stream_id)).text, content);
      await cancelled(running.cancel(stream_id, { at: 1 }), 200);
      equal((await running.stored(stream_id)).content, content);
    }
  },
}, {
  title: "a cancel at nothing leaves no message, and the offset may stand in the query",
  async run(target, provider) {
    const running = await givenVoice(target, provider);
    const url = `${target.workers.at(-1)}/cancel/${running.stream_id}`;
    await expectRefusal(await post(`${url}?at=-1`, running.user.token, ""), 400, "invalid_request");
    await expectRefusal(await running.cancel(running.stream_id, { at: 0.5 }), 400, "invalid_request");
    await cancelled(post(`${url}?at=0`, running.user.token, ""));
    equal((await readToEnd(running.reader)).last.message_id, null);
    equal((await running.messages(running.conversation_id)).length, 1);
  },
}, {
  title: "a cancel cuts nothing that another reader was sent, on whichever worker that is",
  async run(target, provider) {
    for (const worker of target.workers) {
      const running = await givenVoice(target, provider);
      const other = await running.watch(running.stream_id, { worker });
      await other.untilText("Once");
      await cancelled(running.cancel(running.stream_id, { at: 1 }));
      await Promise.all([readToEnd(running.reader), other.rest()]);
      equal((await running.stored(running.stream_id)).content, "Once");
    }
  },
}, {
  title: "a client of the FastAPI relay that has stored its prompt is not refused, and waits for what it has stopped",
  async run(target, provider) {
    for (const stops of [false, true]) {
      const running = await givenVoice(target, provider);
      const { conversation_id, stream_id, user: { token } } = running;
      const first = readToEnd(running.reader);
      if (stops) await cancelled(running.cancel(stream_id));
      const id = await running.insert("messages", { conversation_id, content: "two", is_user_author: true });
      const response = await post(`${target.workers[0]}/streams/v1/stream`, token, { prompt: "two", conversation_id });
      const { start, text } = await readToEnd(readEvents(response));
      equal([start.user_message_id, text], [id, "Yes."]);
      equal(running.context(), stops ? ["one", "Once", "two"] : ["one\n\ntwo"]);
      if (!stops) await running.call.finish();
      await first;
    }
  },
}];
