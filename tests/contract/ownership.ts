/** What is another user's reads exactly like what does not exist. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { rest } from "../../testkit/target.ts";
import { ask, givenAuthor, messagesOf, type Scenario, tell, visible } from "./scenario.ts";

export const ownership: Scenario[] = [{
  title: "another user's conversation, message and bot cannot be told from unknown ones",
  async run(target, provider) {
    const alice = await givenAuthor(target, provider);
    const mallory = await givenAuthor(target, provider);
    const { start, last } = await tell(target, alice.user, { prompt: "one" });
    const hers = await messagesOf(target, alice.user, start.conversation_id);
    const cases: [(id: string) => Record<string, unknown>, string][] = [
      [(conversation_id) => ({ prompt: "x", conversation_id }), start.conversation_id],
      [(parent_id) => ({ prompt: "x", parent_id }), last.message_id],
      [(parent_id) => ({ prompt: "x", parent_id }), start.user_message_id],
      [(reroll_of) => ({ reroll_of }), last.message_id],
      [(reroll_of) => ({ reroll_of }), start.user_message_id],
      [(reroll_of) => ({ reroll_of, conversation_id: start.conversation_id }), last.message_id],
      [(bot_id) => ({ prompt: "x", bot_id }), alice.botId],
    ];
    for (const [body, id] of cases) {
      const foreign = await visible(await ask(target, mallory.user, body(id)));
      const unknown = await visible(await ask(target, mallory.user, body(crypto.randomUUID())));
      equal(foreign, unknown);
      equal(foreign.status, 404, JSON.stringify([body(id), foreign.body]));
      equal(foreign.headers["ratelimit-remaining"], "5", "A refusal costs nothing");
    }
    equal(await messagesOf(target, alice.user, start.conversation_id), hers);
    equal(await rest(target, mallory.user, "conversations?select=id"), []);
    equal(provider.calls(alice.baseUrl).length, 1);
    equal(provider.calls(mallory.baseUrl).length, 0);
  },
}];
