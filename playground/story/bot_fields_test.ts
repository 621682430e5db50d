/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { botFieldsOf, fallbacksOf } from "./bot_fields.ts";

/** What an untouched form has, after the three fields that must be filled. */
const ENTERED = {
  ...{ name: "Fox", model: "m1", access_path: "https://api.test/v1", access_key: "", temperature: "" },
  api: "chat_completions",
  ...{ system_prompt: " ", context_tokens: "", reply_tokens: "", thinks_first: "", headers: "", takes_system: "on" },
};

const fieldsOf = (changes: Record<string, string>) => botFieldsOf({ ...ENTERED, ...changes });

Deno.test("what is left empty is unknown, and a stored key and stored headers stay", () => {
  equal(fieldsOf({}), {
    ...{ name: "Fox", model: "m1", access_path: "https://api.test/v1", temperature: null, system_prompt: null },
    api: "chat_completions",
    ...{ context_tokens: null, reply_tokens: null, thinks_first: null },
    ...{ takes_system: true, takes_prefill: false, first_turn_is_user: false, memory: false, titles: false },
  });
  const { takes_system: _, ...unticked } = ENTERED;
  equal(botFieldsOf(unticked).takes_system, false);
});

Deno.test("fallbacks keep their order, without gaps, and each is chosen once", () => {
  equal(fallbacksOf({ ...ENTERED, fallback_1: "", fallback_2: "b", fallback_3: "a" }), ["b", "a"]);
  equal(fallbacksOf(ENTERED), []);
  throws(() => fallbacksOf({ fallback_1: "a", fallback_3: "a" }), /each bot once/);
});

Deno.test("a bot writes memories where the box is ticked", () => {
  equal(fieldsOf({ memory: "on" }).memory, true);
});

Deno.test("numbers are taken as people write them", () => {
  const { context_tokens, reply_tokens, temperature } = fieldsOf({
    ...{ context_tokens: "128,000", reply_tokens: "4 096", temperature: "0,7" },
  });
  equal([context_tokens, reply_tokens, temperature], [128_000, 4_096, 0.7]);
});

Deno.test("headers are lines; a dash alone removes them", () => {
  equal(fieldsOf({ headers: "X-Title: A: b\n\n x-region :eu \n" }).headers, { "X-Title": "A: b", "x-region": "eu" });
  equal(fieldsOf({ headers: " - " }).headers, {});
});

Deno.test("what cannot be stored is refused with a sentence", () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ name: " " }, /^Enter a name\.$/],
    [{ temperature: "3" }, /from 0 to 2\.$/],
    [{ context_tokens: "100" }, /^The context window must be a whole number from 256 to 10,000,000\.$/],
    [{ reply_tokens: "many" }, /^What is kept for the answer must be a whole number from 1 to 1,000,000\.$/],
    [{ context_tokens: "500", reply_tokens: "500" }, /must be less than the context window\.$/],
    [{ headers: "X-Title" }, /^Each header should look like X-Title: Storytellr/],
    [{ headers: "X-Title: é" }, /without accents\.$/],
  ];
  for (const [changes, message] of refused) {
    throws(() => fieldsOf(changes), (error: Error) => message.test(error.message), message.source);
  }
});
