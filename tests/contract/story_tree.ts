/** The story is a tree: what is answered, what the provider is told of it, and where the reader stands afterwards. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { rest, type Target, type TestUser } from "../../testkit/target.ts";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import {
  ask,
  conversationOf,
  givenAuthor,
  messagesOf,
  open,
  readToEnd,
  refused,
  type Scenario,
  type Story,
  tell,
  tells,
} from "./scenario.ts";

/** A user with one turn told: the prompt "one" and the answer "1.". */
async function givenTurn(target: Target, provider: ScriptedProvider) {
  let count = 0;
  const author = await givenAuthor(target, provider, (call) => tells(`${++count}.`)(call));
  const first = await tell(target, author.user, { prompt: "one" });
  const { conversation_id } = first.start;
  return {
    ...author,
    first,
    conversation_id,
    /** What the provider was told at the given request. */
    told: (index: number) => provider.calls(author.baseUrl)[index].body.messages,
    messages: () => messagesOf(target, author.user, conversation_id),
    active: () => activeLeaf(target, author.user, conversation_id),
  };
}

async function activeLeaf(target: Target, user: TestUser, id: string) {
  return (await conversationOf(target, user, id)).active_message_id;
}

const said = (content: string) => ({ role: "user", content });
const answered = (content: string) => ({ role: "assistant", content });

/** Where the two messages of a turn hang. */
function placeOf(messages: { id: string; parent_id: string }[], { start, last }: Story) {
  const parent = (id: string) => messages.find((message) => message.id === id)?.parent_id;
  return { prompt: parent(start.user_message_id), answer: parent(last.message_id) };
}

export const storyTree: Scenario[] = [{
  title: "a prompt without parent_id answers the active leaf, and the provider is told the path",
  async run(target, provider) {
    const { user, first, conversation_id, told, messages, active } = await givenTurn(target, provider);
    const second = await tell(target, user, { prompt: "two", conversation_id });
    equal(told(0), [said("one")]);
    equal(told(1), [said("one"), answered("1."), said("two")]);
    equal(second.start.conversation_id, conversation_id);
    equal(second.start.parent_id, second.start.user_message_id);
    equal(placeOf(await messages(), second), { prompt: first.last.message_id, answer: second.start.user_message_id });
    equal(await active(), second.last.message_id);
  },
}, {
  title: "a prompt with parent_id null begins a new root, and nothing else of the story is told",
  async run(target, provider) {
    const { user, conversation_id, told, messages, active } = await givenTurn(target, provider);
    const root = await tell(target, user, { prompt: "anew", conversation_id, parent_id: null });
    equal(told(1), [said("anew")]);
    equal(placeOf(await messages(), root), { prompt: null, answer: root.start.user_message_id });
    equal(await active(), root.last.message_id);
  },
}, {
  title: "a prompt with parent_id answers that node, and a sibling branch is never told",
  async run(target, provider) {
    const { user, first, conversation_id, told, messages, active } = await givenTurn(target, provider);
    const parent_id = first.last.message_id;
    await tell(target, user, { prompt: "left", conversation_id });
    const right = await tell(target, user, { prompt: "right", parent_id });
    const deeper = await tell(target, user, { prompt: "deeper", conversation_id });
    equal(told(2), [said("one"), answered("1."), said("right")]);
    equal(told(3), [...told(2), answered("3."), said("deeper")]);
    equal(right.start.conversation_id, conversation_id, "The message names its conversation");
    equal(placeOf(await messages(), right).prompt, parent_id);
    equal(await active(), deeper.last.message_id);
  },
}, {
  title: "a reroll of an answer is a sibling of it, and the old version stays as it was",
  async run(target, provider) {
    const { user, first, conversation_id, told, messages, active } = await givenTurn(target, provider);
    const below = await tell(target, user, { prompt: "two", conversation_id });
    const before = await messages();
    const reroll = await tell(target, user, { reroll_of: first.last.message_id });
    equal(told(2), [said("one")]);
    equal(reroll.start.conversation_id, conversation_id);
    equal(reroll.start.user_message_id, null);
    equal(reroll.start.parent_id, first.start.user_message_id);
    const after = await messages();
    equal(after.find(({ id }) => id === reroll.last.message_id).parent_id, first.start.user_message_id);
    equal(after.filter(({ id }) => id !== reroll.last.message_id), before);
    ok(before.some(({ id }) => id === below.last.message_id));
    equal(await active(), reroll.last.message_id);
  },
}, {
  title: "a reroll of a prompt is another answer to it",
  async run(target, provider) {
    const { user, first, conversation_id, told, messages, active } = await givenTurn(target, provider);
    const second = await tell(target, user, { prompt: "two", conversation_id });
    const reroll = await tell(target, user, { reroll_of: second.start.user_message_id, conversation_id });
    equal(told(2), told(1));
    equal(reroll.start.parent_id, second.start.user_message_id);
    equal(
      (await messages()).filter(({ parent_id }) => parent_id === second.start.user_message_id).map(({ content }) =>
        content
      ).sort(),
      ["2.", "3."],
    );
    equal(first.start.user_message_id, (await messages()).find(({ parent_id }) => parent_id === null).id);
    equal(await active(), reroll.last.message_id);
  },
}, {
  title: "the active leaf stays where somebody moved it while the answer was written",
  async run(target, provider) {
    const author = await givenAuthor(target, provider, async (call) => {
      if (call.body.messages.length > 1) return await call.closed;
      await tells("1.")(call);
    });
    const { user, baseUrl } = author;
    const first = await tell(target, user, { prompt: "one" });
    const { conversation_id } = first.start;
    const stream = await open(target, user, { prompt: "two", conversation_id });
    const call = await provider.called(baseUrl, 2);
    const leaf = first.last.message_id;
    await rest(target, user, `conversations?id=eq.${conversation_id}`, {
      method: "PATCH",
      body: { active_message_id: leaf },
    });
    const [second] = await Promise.all([readToEnd(stream), tells("2.")(call)]);
    equal(second.last.is_complete, true);
    equal(await activeLeaf(target, user, conversation_id), leaf);
    ok((await messagesOf(target, user, conversation_id)).some(({ id }) => id === second.last.message_id));
  },
}, {
  title: "a reroll that fails before any text leaves the story as it was",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(
      target,
      provider,
      (call) => provider.calls(baseUrl).length === 1 ? tells("1.")(call) : new Response("no", { status: 500 }),
    );
    const first = await tell(target, user, { prompt: "one" });
    const { conversation_id } = first.start;
    const story = async () => [
      await conversationOf(target, user, conversation_id),
      await messagesOf(target, user, conversation_id),
    ];
    const before = await story();
    const reroll = await tell(target, user, { reroll_of: first.last.message_id });
    equal([reroll.end, reroll.last.code, reroll.last.message_id], ["error", "provider_error", null]);
    equal(await story(), before);
  },
}, {
  title: "a message of another conversation is not in this one, though both are the user's",
  async run(target, provider) {
    const { user, baseUrl, first, messages } = await givenTurn(target, provider);
    const other = await tell(target, user, { prompt: "elsewhere" });
    const before = await messages();
    const { conversation_id } = other.start;
    const id = first.last.message_id;
    await refused(await ask(target, user, { prompt: "two", conversation_id, parent_id: id }), 404, "message_not_found");
    await refused(await ask(target, user, { reroll_of: id, conversation_id }), 404, "message_not_found");
    equal(await messages(), before);
    equal(provider.calls(baseUrl).length, 2);
  },
}];
