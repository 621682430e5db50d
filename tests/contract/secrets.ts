/** The bot's key, and what else is nobody's business: seen by the provider and by nobody else. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { event, type Script } from "../../testkit/provider.ts";
import { BOT_KEY, METRICS_TOKEN, rest, type Target } from "../../testkit/target.ts";
import { ask, cancel, givenAuthor, type Scenario, tells } from "./scenario.ts";

/** Providers that let the key slip. */
const TALKATIVE: Script[] = [
  () => Response.json({ error: { message: `Incorrect API key provided: ${BOT_KEY}` } }, { status: 401 }),
  () => Response.json({ error: { message: `No access with ${BOT_KEY}` } }, { status: 403 }),
  () => Response.json({ error: { message: `Slow down, ${BOT_KEY}` } }, { status: 429 }),
  () => new Response(`<html>${BOT_KEY}</html>`, { status: 500, headers: { "content-type": "text/html" } }),
  async (call) => {
    await call.send(event({ error: { message: `Lost ${BOT_KEY} amid the text` } }));
    call.end();
  },
];

const PROMPT = "A prompt that no log may hold";

function checkSilent(text: string, secrets: string[], where: string) {
  for (const secret of secrets) {
    ok(!text.includes(secret), `${where} holds ${secret}: ${text.slice(0, 500)}`);
  }
}

function allSecrets(target: Target, token: string) {
  return [BOT_KEY, token, target.jwtSecret, target.secretKey, METRICS_TOKEN];
}

async function everything(response: Response): Promise<string> {
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
}

export const secrets: Scenario[] = [{
  title: "the bot's key reaches the provider as a Bearer token, and no answer holds it",
  async run(target, provider) {
    const { user, botId, baseUrl } = await givenAuthor(target, provider);
    const stream_id = crypto.randomUUID();
    const answers = [
      await everything(await ask(target, user, { prompt: PROMPT, stream_id })),
      await everything(await ask(target, user, { prompt: PROMPT, stream_id })),
      await everything(await ask(target, user, { promt: PROMPT })),
      await everything(await cancel(target, user, stream_id)),
      JSON.stringify(await rest(target, user, "messages?select=*")),
      JSON.stringify(await rest(target, user, "conversations?select=*")),
    ];
    const call = provider.calls(baseUrl)[0];
    equal(call.headers.get("authorization"), `Bearer ${BOT_KEY}`);
    ok(!JSON.stringify(call.body).includes(BOT_KEY));
    checkSilent(JSON.stringify([...call.headers]), [
      user.token,
      target.secretKey,
      target.publishableKey,
    ], "The provider's request");
    for (const answer of answers) {
      checkSilent(answer, allSecrets(target, user.token), "An answer");
    }
    const refusal = await rest(target, user, `bots?select=access_key&id=eq.${botId}`).catch(String);
    ok(String(refusal).includes("status 403"), String(refusal));
    checkSilent(String(refusal), [BOT_KEY], "The Data API");
  },
}, {
  title: "a provider that repeats the key in its errors does not get it past the relay",
  async run(target, provider) {
    let count = 0;
    const { user } = await givenAuthor(target, provider, (call) => TALKATIVE[count++](call));
    for (const _ of TALKATIVE) {
      const answer = await everything(await ask(target, user, { prompt: PROMPT }));
      ok(answer.includes("event: error"), answer);
      checkSilent(answer, allSecrets(target, user.token), "An answer");
    }
    equal(count, TALKATIVE.length);
  },
}, {
  title: "no log line holds a key, a token or a prompt, and each is JSON",
  needsLog: true,
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, tells("1."));
    const { user: other } = await givenAuthor(target, provider, TALKATIVE[2]);
    const stream_id = crypto.randomUUID();
    await everything(await ask(target, user, { prompt: PROMPT, stream_id }));
    await everything(await ask(target, other, { prompt: PROMPT }));
    await everything(await ask(target, { token: `${user.token}x` }, { prompt: PROMPT }));
    const log = target.log!();
    checkSilent(log, [...allSecrets(target, user.token), other.token, PROMPT], "The log");
    const lines = log.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    ok(lines.length > 0);
    for (const { timestamp, level, event } of lines) {
      equal(new Date(timestamp).toISOString(), timestamp);
      ok(["info", "warn", "error"].includes(level), level);
      ok(/^[a-z_]+$/.test(event), event);
    }
    const { outcome, ...ended } = lines.find((line) =>
      line.event === "generation_finished" && line.stream_id === stream_id
    );
    equal([outcome, ended.user_id, ended.finish_reason, ended.total_tokens], ["completed", user.id, "stop", 18]);
  },
}];
