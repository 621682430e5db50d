/** Which bot answers, and what its provider is told. */

import { deepStrictEqual as equal } from "node:assert/strict";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import { BOT_KEY, makeBot, rest, signUp, type Target, type TestUser } from "../../testkit/target.ts";
import { ask, conversationOf, givenAuthor, refused, type Scenario, tell, tells } from "./scenario.ts";

/** A user with this many bots, the last of which was updated last. */
async function givenBots(target: Target, provider: ScriptedProvider, count: number) {
  const user = await signUp(target);
  const baseUrl = provider.script(tells("1."));
  const bots: string[] = [];
  for (let index = 0; index < count; index++) {
    bots.push(await makeBot(target, user, baseUrl, { model: `model-${index}` }));
  }
  return { user, bots };
}

async function makeConversation(target: Target, user: TestUser, bot_id: string | null): Promise<string> {
  const [{ id }] = await rest(target, user, "conversations?select=id", {
    method: "POST",
    prefer: "return=representation",
    body: { user_id: user.id, bot_id },
  });
  return id;
}

function setDefault(target: Target, user: TestUser, default_bot_id: string) {
  return rest(target, user, "user_settings", { method: "POST", body: { user_id: user.id, default_bot_id } });
}

function share(target: Target, owner: TestUser, bot_id: string, user: TestUser) {
  return rest(target, owner, "bot_shares", { method: "POST", body: { bot_id, user_id: user.id } });
}

function unshare(target: Target, owner: TestUser, bot_id: string) {
  return rest(target, owner, `bot_shares?bot_id=eq.${bot_id}`, { method: "DELETE" });
}

export const bots: Scenario[] = [{
  title: "1. the bot that the request names answers, whatever the conversation and the settings say",
  async run(target, provider) {
    const { user, bots } = await givenBots(target, provider, 4);
    const conversation_id = await makeConversation(target, user, bots[1]);
    await setDefault(target, user, bots[2]);
    const { start } = await tell(target, user, { prompt: "one", conversation_id, bot_id: bots[0] });
    equal([start.bot_id, start.model], [bots[0], "model-0"]);
    equal((await conversationOf(target, user, conversation_id)).bot_id, bots[1]);
  },
}, {
  title: "2. without one the conversation's bot answers",
  async run(target, provider) {
    const { user, bots } = await givenBots(target, provider, 3);
    const conversation_id = await makeConversation(target, user, bots[0]);
    await setDefault(target, user, bots[1]);
    const { start } = await tell(target, user, { prompt: "one", conversation_id });
    equal(start.bot_id, bots[0]);
  },
}, {
  title: "3. without that the user's default bot answers",
  async run(target, provider) {
    const { user, bots } = await givenBots(target, provider, 2);
    const conversation_id = await makeConversation(target, user, null);
    await setDefault(target, user, bots[0]);
    equal(
      (await tell(target, user, { prompt: "one", conversation_id })).start
        .bot_id,
      bots[0],
    );
    equal((await tell(target, user, { prompt: "one" })).start.bot_id, bots[0]);
  },
}, {
  title: "4. without that the user's own bot that was updated last answers",
  async run(target, provider) {
    const { user, bots } = await givenBots(target, provider, 3);
    equal((await tell(target, user, { prompt: "one" })).start.bot_id, bots[2]);
    await rest(target, user, `bots?id=eq.${bots[1]}`, { method: "PATCH", body: { name: "Renamed" } });
    equal((await tell(target, user, { prompt: "one" })).start.bot_id, bots[1]);
  },
}, {
  title: "without any bot nobody answers, and nothing is made",
  async run(target) {
    const user = await signUp(target);
    const error = await refused(await ask(target, user, { prompt: "one" }), 404, "bot_not_found");
    equal(await rest(target, user, "conversations?select=id"), []);
    const response = await ask(target, user, { prompt: "one", bot_id: crypto.randomUUID() });
    equal(await refused(response, 404, "bot_not_found"), error);
  },
}, {
  title: "a shared bot answers with its owner's key until the share is revoked",
  async run(target, provider) {
    const { user: owner, botId: bot_id, baseUrl } = await givenAuthor(target, provider);
    const reader = await signUp(target);
    const begin = () => ask(target, reader, { prompt: "one", bot_id });
    await refused(await begin(), 404, "bot_not_found");
    await share(target, owner, bot_id, reader);
    const { start } = await tell(target, reader, { prompt: "one", bot_id });
    equal(start.bot_id, bot_id);
    equal(provider.calls(baseUrl)[0].headers.get("authorization"), `Bearer ${BOT_KEY}`);
    await unshare(target, owner, bot_id);
    await refused(await begin(), 404, "bot_not_found");
    equal(provider.calls(baseUrl).length, 1);
  },
}, {
  title: "a conversation whose bot is shared no more goes on with the user's own",
  async run(target, provider) {
    const { user: owner, botId } = await givenAuthor(target, provider);
    const { user: reader, bots } = await givenBots(target, provider, 1);
    await share(target, owner, botId, reader);
    const first = await tell(target, reader, { prompt: "one", bot_id: botId });
    await unshare(target, owner, botId);
    const { conversation_id } = first.start;
    equal(
      (await tell(target, reader, { prompt: "two", conversation_id })).start
        .bot_id,
      bots[0],
    );
  },
}, {
  title: "a bot's temperature and params reach the provider, and reserved fields stay the relay's",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, tells("1."), {
      temperature: 0.7,
      params: {
        top_p: 0.5,
        stop: ["END"],
        messages: [{ role: "user", content: "something else" }],
        model: "something-dearer",
        stream: false,
        n: 5,
      },
    });
    const { text } = await tell(target, user, { prompt: "one" });
    equal(text, "1.");
    const { stream_options, ...body } = provider.calls(baseUrl)[0].body;
    equal(stream_options, { include_usage: true });
    equal(body, {
      temperature: 0.7,
      top_p: 0.5,
      stop: ["END"],
      messages: [{ role: "user", content: "one" }],
      model: "test-model",
      stream: true,
    });
  },
}, {
  title: "a bot without temperature and key sends neither",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, tells("1."), { access_key: null });
    await tell(target, user, { prompt: "one" });
    const [{ headers, body }] = provider.calls(baseUrl);
    equal(headers.get("authorization"), null);
    equal("temperature" in body, false);
  },
}];
