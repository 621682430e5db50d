import assert from "node:assert/strict";
import { JOB_FIELDS, type JobOverrides, makeJob } from "../testing/job.ts";
import { logFields, providerCall } from "./job.ts";

Deno.test("the call is the bot's, with the story behind its instructions", () => {
  const baseUrl = new URL("https://provider.test/v1");
  const call = providerCall(
    makeJob({
      baseUrl,
      admission: {
        params: { max_tokens: 9 },
        context: [{ role: "user", content: "Hi" }, {
          role: "assistant",
          content: "Hello",
        }, { role: "user", content: "Go on" }],
      },
    }),
  );
  assert.deepEqual(call, {
    baseUrl,
    accessKey: "sk-secret",
    model: "model-1",
    temperature: 0.7,
    params: { max_tokens: 9 },
    messages: [
      { role: "system", content: "Tell a secret story" },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "Go on" },
    ],
  });
});

Deno.test("the user's system follows the bot's in one message, and blank ones make none", () => {
  const cases: [string | null, string | undefined, string[]][] = [
    ["Bot", "User", ["Bot\n\nUser"]],
    ["Bot", undefined, ["Bot"]],
    ["Bot", " \n", ["Bot"]],
    [null, "User", ["User"]],
    ["", "User", ["User"]],
    [" Bot ", " User ", [" Bot \n\n User "]],
    [null, undefined, []],
    [" ", "", []],
  ];
  for (const [system_prompt, system, wanted] of cases) {
    const { messages } = providerCall(makeJob({ admission: { system_prompt }, request: { system } }));
    assert.deepEqual(messages.slice(0, -1), wanted.map((content) => ({ role: "system", content })));
  }
});

Deno.test("a key that is empty is none", () => {
  for (const access_key of [null, ""]) {
    const { accessKey } = providerCall(makeJob({ admission: { access_key } }));
    assert.equal(accessKey, null);
  }
});

Deno.test("log fields name the generation, and hold nothing of the story or the key", () => {
  const overrides: JobOverrides = { request: { system: "secret" } };
  assert.deepEqual(logFields(makeJob(overrides)), JOB_FIELDS);
});
