/** Which bot answers, and what its provider gets. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { BOT_KEY, makeBot, type Target } from "../../testkit/people.ts";
import { answers, refuses, type Script, type ScriptedProvider } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** A user with this many bots, the last of which was updated last. */
async function givenBots(target: Target, provider: ScriptedProvider, count: number) {
  const client = await newClient(target);
  const baseUrl = provider.script(answers("1."));
  const bots: string[] = [];
  for (let index = 0; index < count; index++) {
    bots.push(await makeBot(target, client.user, baseUrl, { model: `model-${index}` }));
  }
  const answering = async (body: Record<string, unknown> = {}) =>
    (await client.generate({ prompt: "one", ...body })).start.bot_id;
  const setDefault = (id: string) =>
    client.rest("user_settings", { method: "POST", body: { user_id: client.user.id, default_bot_id: id } });
  return { ...client, bots, answering, setDefault };
}

export const bots: Scenario[] = [{
  title: "the request's bot answers, else the conversation's, else the default, else the one that was updated last",
  async run(target, provider) {
    const { bots, answering, setDefault, ...client } = await givenBots(target, provider, 4);
    const [named, ofConversation, ofUser, latest] = bots;
    const conversation_id = await client.insert("conversations", { bot_id: ofConversation });
    equal(await answering(), latest);
    await client.rest(`bots?id=eq.${named}`, { method: "PATCH", body: { name: "Renamed" } });
    equal(await answering(), named);
    await setDefault(ofUser);
    equal(await answering(), ofUser);
    equal(await answering({ conversation_id }), ofConversation);
    const { start } = await client.generate({ prompt: "one", conversation_id, bot_id: named });
    equal([start.bot_id, start.model], [named, "model-0"]);
    equal((await client.conversation(conversation_id)).bot_id, ofConversation);
  },
}, {
  title: "a conversation without a bot is answered by the default one",
  async run(target, provider) {
    const { bots, answering, setDefault, ...client } = await givenBots(target, provider, 2);
    await setDefault(bots[0]);
    equal(await answering({ conversation_id: await client.insert("conversations", { bot_id: null }) }), bots[0]);
  },
}, {
  title: "without any bot there is no answer, and nothing is made",
  async run(target) {
    const client = await newClient(target);
    const error = await expectRefusal(await client.ask({ prompt: "one" }), 404, "bot_not_found");
    const named = await client.ask({ prompt: "one", bot_id: crypto.randomUUID() });
    equal(await expectRefusal(named, 404, "bot_not_found"), error);
    equal(await client.rest("conversations?select=id"), []);
  },
}, {
  title: "a shared bot answers with its owner's key until the share is revoked; then a conversation takes one's own",
  async run(target, provider) {
    const owner = await newAuthor(target, provider);
    const bot_id = owner.botId;
    const { bots, answering, ...reader } = await givenBots(target, provider, 1);
    const refused = async () => {
      await expectRefusal(await reader.ask({ prompt: "one", bot_id }), 404, "bot_not_found");
    };
    await refused();
    await owner.rest("bot_shares", { method: "POST", body: { bot_id, user_id: reader.user.id } });
    const { start } = await reader.generate({ prompt: "one", bot_id });
    equal(start.bot_id, bot_id);
    equal(owner.calls()[0].headers.get("authorization"), `Bearer ${BOT_KEY}`);
    await owner.rest(`bot_shares?bot_id=eq.${bot_id}`, { method: "DELETE" });
    await refused();
    equal(await answering({ conversation_id: start.conversation_id }), bots[0]);
    equal(owner.calls().length, 1);
  },
}, {
  title: "a bot's temperature and params reach the provider, and reserved fields stay the relay's",
  async run(target, provider) {
    const reserved = { messages: [{ role: "user", content: "else" }], model: "dearer", stream: false, n: 5 };
    const author = await newAuthor(target, provider, answers("1."), {
      temperature: 0.7,
      params: { top_p: 0.5, stop: ["END"], ...reserved },
    });
    await author.generate({ prompt: "one" });
    equal(author.calls()[0].body, {
      ...{ temperature: 0.7, top_p: 0.5, stop: ["END"], messages: [{ role: "user", content: "one" }] },
      ...{ model: "test-model", stream: true, stream_options: { include_usage: true } },
    });
  },
}, {
  title: "a bot without temperature and key sends neither",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("1."), { access_key: null });
    await author.generate({ prompt: "one" });
    const [{ headers, body }] = author.calls();
    equal([headers.get("authorization"), "temperature" in body], [null, false]);
  },
}, {
  title: "a bot's headers reach its provider and nobody else, and its model's wishes shape the messages",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("1."), {
      headers: { "x-portkey-api-key": "pk-of-the-gateway" },
      system_prompt: "Be brief",
      takes_system: false,
      params: { stream_options: null },
    });
    await author.generate({ prompt: "one" });
    const [{ headers, body }] = author.calls();
    equal(headers.get("x-portkey-api-key"), "pk-of-the-gateway");
    equal(body.messages, [{ role: "user", content: "Be brief\n\none" }]);
    equal("stream_options" in body, false);
    equal(await author.rest(`bots?id=eq.${author.botId}&select=takes_system`), [{ takes_system: false }]);
  },
}, {
  title: "a field that the provider refuses by name is left out, and the request made once more",
  async run(target, provider) {
    const refusal = { error: { message: "Unsupported parameter: 'temperature'", param: "temperature" } };
    const script: Script = (call) => "temperature" in call.body ? refuses(400, refusal)(call) : answers("1.")(call);
    const author = await newAuthor(target, provider, script, { temperature: 0.7 });
    const { text } = await author.generate({ prompt: "one" });
    equal([text, author.calls().map(({ body }) => "temperature" in body)], ["1.", [true, false]]);
  },
}];
