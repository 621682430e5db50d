/** GET /stream/{stream_id} after the end: for ever, from what is stored, and never from the provider. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { rest, signUp, type Target, type TestUser } from "../../testkit/target.ts";
import {
  cancel,
  givenAuthor,
  messagesOf,
  open,
  readFrom,
  readToEnd,
  refuses,
  type Scenario,
  type Story,
  tell,
  tells,
  waits,
  watch,
} from "./scenario.ts";

/** Reads it twice on each worker: from the beginning it is what the first reader had, in as few events as can be. */
async function replaysAs(target: Target, user: TestUser, story: Story) {
  const { start, text, end, last } = story;
  for (const worker of [...target.workers, ...target.workers]) {
    const stream = await watch(target, user, start.stream_id, { worker });
    const again = await readFrom(stream, 0);
    equal(again.events.map(({ event }) => event), ["start", ...(text === "" ? [] : ["token"]), end]);
    equal([JSON.parse(again.events[0].data), again.text], [start, text]);
    // The words of a failure are not stored, its code is.
    const words = end === "error" ? { message: again.last.message } : {};
    equal(again.last, { ...last, ...words });
    const end_only = await watch(target, user, start.stream_id, { worker, from: text.length || 1 });
    equal((await readFrom(end_only, text.length || 1)).events.length, 1);
  }
}

/** A message as another relay has left it, or as this one has once its generation's row is forgotten. */
async function givenMessage(
  target: Target,
  user: TestUser,
  fields: { is_complete: boolean; finish_reason: string | null },
) {
  const made = { method: "POST", prefer: "return=representation" };
  const [conversation] = await rest(
    target,
    "service",
    "conversations?select=id",
    { ...made, body: { user_id: user.id } },
  );
  const [prompt] = await rest(target, "service", "messages?select=id", {
    ...made,
    body: {
      user_id: user.id,
      conversation_id: conversation.id,
      content: "Begin",
      is_user_author: true,
      is_complete: true,
    },
  });
  const [message] = await rest(target, "service", "messages?select=*", {
    ...made,
    body: {
      user_id: user.id,
      conversation_id: conversation.id,
      parent_id: prompt.id,
      content: "Once 🦊 upon",
      is_user_author: false,
      stream_id: crypto.randomUUID(),
      ...fields,
    },
  });
  await rest(target, "service", `conversations?id=eq.${conversation.id}`, {
    method: "PATCH",
    body: { active_message_id: message.id },
  });
  return message;
}

/** A message's own word on its end, and the last event that it makes. */
const FORGOTTEN: [boolean, string | null, string][] = [
  [true, "stop", "stop"],
  [true, "length", "length"],
  [true, null, "stop"],
  [false, "cancelled", "cancelled"],
  [false, "disconnected", "disconnected"],
  [false, "interrupted", "interrupted"],
  [false, null, "interrupted"],
  [false, "timeout", "timeout"],
  [false, "error", "provider_error"],
];

export const replay: Scenario[] = [{
  title: "what has completed is replayed, again and again",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, tells("Once 🦊 ", "upon\n", "\na time."));
    await replaysAs(target, user, await tell(target, user, { prompt: "x" }));
    equal(provider.calls(baseUrl).length, 1);
  },
}, {
  title: "what was cancelled is replayed as cancelled",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const stream = await open(target, user, { prompt: "x", stream_id });
    await (await provider.called(baseUrl)).token("Once");
    const seen = await stream.until("token");
    await (await cancel(target, user, stream_id)).body?.cancel();
    await replaysAs(target, user, await readToEnd(stream, seen));
  },
}, {
  title: "what failed is replayed with its code, and with the text until then",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, async (call) => {
      await call.token("Once");
      call.break();
    });
    await replaysAs(target, user, await tell(target, user, { prompt: "x" }));
  },
}, {
  title: "what ended without text is replayed without text",
  async run(target, provider) {
    const refusal = refuses(401, { error: { message: "No" } });
    for (const script of [tells(), refusal]) {
      const { user } = await givenAuthor(target, provider, script);
      const story = await tell(target, user, { prompt: "x" });
      equal([story.text, story.last.message_id], ["", null]);
      await replaysAs(target, user, story);
    }
  },
}, {
  title: "a message whose generation nobody remembers is replayed by what it says of itself",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    for (const [is_complete, finish_reason, ends] of FORGOTTEN) {
      const message = await givenMessage(target, user, { is_complete, finish_reason });
      const { id: message_id, stream_id, content } = message;
      const story = await readToEnd(await watch(target, user, stream_id));
      equal([story.text, story.start.conversation_id], [content, message.conversation_id]);
      equal(story.last.message_id, message_id);
      equal(story.last.code ?? story.last.finish_reason, ends);
      equal(story.last.is_complete ?? false, is_complete);
      await replaysAs(target, user, story);
      const again = await tell(target, user, { prompt: "x", stream_id });
      equal([again.start, again.text, again.last], [story.start, story.text, story.last]);
      const stranger = await signUp(target);
      const foreign = await fetch(`${target.workers[0]}/stream/${stream_id}`, {
        headers: { authorization: `Bearer ${stranger.token}` },
      });
      equal(foreign.status, 404);
      await foreign.body?.cancel();
    }
    equal(provider.calls(baseUrl).length, 0);
  },
}, {
  title: "a story goes on behind an interrupted message, and beside it, which stays as it is",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider);
    const partial = await givenMessage(target, user, { is_complete: false, finish_reason: "interrupted" });
    const { conversation_id, parent_id, id } = partial;
    const next = await tell(target, user, { prompt: "On", conversation_id });
    const beside = await tell(target, user, { reroll_of: id });
    const sent = provider.calls(baseUrl).map(({ body }) =>
      body.messages.map(({ content }: { content: string }) => content)
    );
    equal(sent, [["Begin", partial.content, "On"], ["Begin"]]);
    equal([next.end, beside.end], ["done", "done"]);
    const messages = await messagesOf(target, user, conversation_id);
    const byId = (id: string) => messages.find((message) => message.id === id);
    equal(byId(id), partial);
    equal(byId(next.start.user_message_id).parent_id, id);
    equal(byId(beside.last.message_id).parent_id, parent_id);
  },
}];
