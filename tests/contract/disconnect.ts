/** A client that leaves: under "stop" nobody goes on paying for what nobody reads. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { storedMessage } from "../support/target.ts";
import {
  givenAuthor,
  messagesOf,
  open,
  type Scenario,
  waits,
} from "./scenario.ts";

export const disconnect: Scenario[] = [undefined, "stop"].map((
  on_disconnect,
) => ({
  title: `a client that leaves ends the generation, with on_disconnect ${
    on_disconnect ?? "absent"
  }`,
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin", on_disconnect });
    const call = await provider.called(baseUrl);
    await call.token("Once upon");
    const [start] = await stream.until("token");
    await stream.leave();
    await call.closed;
    equal(provider.open(baseUrl), 0);
    const { stream_id, conversation_id, user_message_id } = JSON.parse(
      start.data,
    );
    const stored = await eventually(
      "the partial text",
      () => storedMessage(target, user, stream_id),
    );
    equal([stored.content, stored.is_complete, stored.finish_reason], [
      "Once upon",
      false,
      "disconnected",
    ]);
    equal(stored.parent_id, user_message_id);
    equal((await messagesOf(target, user, conversation_id)).length, 2);
  },
}));

disconnect.push({
  title:
    "a client that leaves before the first token leaves its prompt behind and no answer",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin" });
    const [start] = await stream.until("start");
    const call = await provider.called(baseUrl);
    await stream.leave();
    await call.closed;
    const { conversation_id, user_message_id } = JSON.parse(start.data);
    const messages = await messagesOf(target, user, conversation_id);
    equal(messages.map(({ id }) => id), [user_message_id]);
  },
});
