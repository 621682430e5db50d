/** What is in the database once a story has been told. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { event } from "../../testkit/provider.ts";
import { rest, storedMessage } from "../../testkit/target.ts";
import { conversationOf, givenAuthor, messagesOf, type Scenario, tell, tells } from "./scenario.ts";

const USAGE = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 };

export const stored: Scenario[] = [{
  title: "done is sent once both messages of the turn are in the database",
  async run(target, provider) {
    const { user, botId } = await givenAuthor(target, provider);
    const { start, last } = await tell(target, user, {
      prompt: "Begin\r\nhere ",
      stream_id: `mine.${crypto.randomUUID()}:1_a-B`,
    });
    const messages = await messagesOf(target, user, start.conversation_id);
    const byId = (id: string) => messages.find((message) => message.id === id);
    const common = { user_id: user.id, conversation_id: start.conversation_id, is_streaming: false, is_complete: true };
    equal(messages.length, 2);
    equal(byId(start.user_message_id), {
      ...common,
      id: start.user_message_id,
      content: "Begin\r\nhere ",
      is_user_author: true,
      stream_id: null,
      parent_id: null,
      bot_id: null,
      finish_reason: null,
      usage: null,
      created_at: byId(start.user_message_id).created_at,
    });
    equal(byId(last.message_id), {
      ...common,
      id: last.message_id,
      content: "Once upon a time.",
      is_user_author: false,
      stream_id: start.stream_id,
      parent_id: start.user_message_id,
      bot_id: botId,
      finish_reason: "stop",
      usage: USAGE,
      created_at: byId(last.message_id).created_at,
    });
  },
}, {
  title: "without a conversation_id a new conversation is made, and its owner sees it",
  async run(target, provider) {
    const { user, botId } = await givenAuthor(target, provider);
    const { start, last } = await tell(target, user, { prompt: "Begin" });
    const listed = await rest(target, user, "conversations?select=id,user_id,bot_id,active_message_id");
    equal(listed, [{ id: start.conversation_id, user_id: user.id, bot_id: botId, active_message_id: last.message_id }]);
  },
}, {
  title: "the provider's own finish reason and its silence about usage are passed on",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, async (call) => {
      await call.token("Once");
      await call.send(event({ choices: [{ index: 0, delta: {}, finish_reason: "length" }] }));
      await call.send(event("[DONE]"));
      call.end();
    });
    const { start, last } = await tell(target, user, { prompt: "Begin" });
    equal([last.is_complete, last.finish_reason, last.usage], [true, "length", null]);
    const stored = await storedMessage(target, user, start.stream_id);
    equal([stored.is_complete, stored.finish_reason, stored.usage], [true, "length", null]);
  },
}, {
  title: "an answer without text is no message",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, tells());
    const { start, end, last } = await tell(target, user, { prompt: "Begin" });
    equal([end, last.message_id, last.finish_reason], ["done", null, "stop"]);
    const messages = await messagesOf(target, user, start.conversation_id);
    equal(messages.map(({ id }) => id), [start.user_message_id]);
    const { active_message_id } = await conversationOf(target, user, start.conversation_id);
    equal(active_message_id, start.user_message_id);
  },
}];
