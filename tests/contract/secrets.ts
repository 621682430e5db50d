/** The bot's key, the tokens and the prompts: the provider sees the key, and nothing else does. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { METRICS_TOKEN } from "../../testkit/metrics.ts";
import { BOT_KEY, type Target } from "../../testkit/people.ts";
import { answers, refuses } from "../../testkit/provider.ts";
import type { Scenario } from "./scenario.ts";

const PROMPT = "A prompt that no log may hold";

function checkSilent(text: string, secrets: string[], where: string) {
  for (const secret of secrets) ok(!text.includes(secret), `${where} holds ${secret}: ${text.slice(0, 500)}`);
}

function allSecrets(target: Target, token: string) {
  return [BOT_KEY, token, target.jwtSecret, target.secretKey, METRICS_TOKEN];
}

async function everything(response: Response): Promise<string> {
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
}

export const secrets: Scenario[] = [{
  title: "the bot's key reaches the provider as a Bearer token, nothing of the user does, and no answer holds it",
  async run(target, provider) {
    const author = await newAuthor(target, provider);
    const { user, ask, rest } = author;
    const stream_id = crypto.randomUUID();
    const seen = [
      await everything(await ask({ prompt: PROMPT, stream_id })),
      await everything(await ask({ prompt: PROMPT, stream_id })),
      await everything(await ask({ promt: PROMPT })),
      await everything(await author.cancel(stream_id)),
      JSON.stringify([await rest("messages?select=*"), await rest("conversations?select=*")]),
    ];
    for (const answer of seen) checkSilent(answer, allSecrets(target, user.token), "An answer");
    const [{ headers, body }] = author.calls();
    equal(headers.get("authorization"), `Bearer ${BOT_KEY}`);
    const users = [user.token, user.id, user.email, target.secretKey, target.publishableKey];
    checkSilent(JSON.stringify([[...headers], body]), users, "The provider's request");
    checkSilent(JSON.stringify(body), [BOT_KEY], "The provider's request");
    const refusal = String(await rest(`bots?select=access_key&id=eq.${author.botId}`).catch(String));
    match(refusal, /status 403/);
    checkSilent(refusal, [BOT_KEY], "The Data API");
  },
}, {
  title: "no log line holds a key, a token or a prompt, and each is JSON",
  needsLog: true,
  async run(target, provider) {
    const { user, ask } = await newAuthor(target, provider, answers("1."));
    const talkative = refuses(429, { error: { message: `Slow down, ${BOT_KEY}` } });
    const other = await newAuthor(target, provider, talkative);
    const stream_id = crypto.randomUUID();
    await everything(await ask({ prompt: PROMPT, stream_id }));
    await everything(await other.ask({ prompt: PROMPT }));
    await everything(await ask({ prompt: PROMPT }, { token: `${user.token}x` }));
    const log = target.log!();
    checkSilent(log, [...allSecrets(target, user.token), other.user.token, PROMPT], "The log");
    const lines = log.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    for (const { timestamp, level, event } of lines) {
      equal(new Date(timestamp).toISOString(), timestamp);
      ok(["info", "warn", "error"].includes(level), level);
      match(event, /^[a-z_]+$/);
    }
    const ended = lines.find((line) => line.event === "generation_finished" && line.stream_id === stream_id);
    const { outcome, user_id, finish_reason, total_tokens } = ended;
    equal([outcome, user_id, finish_reason, total_tokens], ["completed", user.id, "stop", 18]);
  },
}];
