import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { hintsOf, isOpenAi } from "./hints.ts";

const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");

Deno.test("neither the conversation nor the user is named: each goes as a HMAC under the bot's key", async () => {
  const hints = await hintsOf({ accessKey: " Bearer sk-1\n", conversationId: "c-1", userId: "u-1" });
  assert.deepEqual(hints, {
    prompt_cache_key: hmac("sk-1", "conversation:c-1"),
    safety_identifier: hmac("sk-1", "user:u-1"),
  });
  assert.ok(Object.values(hints).every((hint) => hint.length === 64));
  assert.notEqual((await hintsOf({ accessKey: "sk-2", userId: "u-1" })).safety_identifier, hints.safety_identifier);
});

Deno.test("without a key, and of what is not known, there is no hint", async () => {
  assert.deepEqual(await hintsOf({ accessKey: null, conversationId: "c-1", userId: "u-1" }), {});
  assert.deepEqual(await hintsOf({ accessKey: "sk-1" }), {});
});

Deno.test("only OpenAI itself is given hints, in whichever region", () => {
  const hosts = {
    "api.openai.com": true,
    "eu.api.openai.com": true,
    "api.openai.com.test": false,
    "notapi.openai.com": false,
    "openai.azure.com": false,
  };
  for (const [host, wanted] of Object.entries(hosts)) {
    assert.equal(isOpenAi(new URL(`https://${host}/v1`)), wanted, host);
  }
});
