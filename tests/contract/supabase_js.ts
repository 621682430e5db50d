/** The relay as an application calls it: through functions.invoke of supabase-js. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { createClient, FunctionsHttpError } from "@supabase/supabase-js";
import { readStory } from "../../testkit/reader.ts";
import type { Target } from "../../testkit/target.ts";
import { givenAuthor, readFrom, readToEnd, type Scenario, tell } from "./scenario.ts";

function clientOf(target: Target, token: string) {
  return createClient(target.supabaseUrl, target.publishableKey, { accessToken: () => Promise.resolve(token) });
}

export const supabaseJs: Scenario[] = [{
  title: "functions.invoke gives a Response whose events can be read as they come",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const client = clientOf(target, user.token);
    const { data, error } = await client.functions.invoke("stream", { body: { prompt: "Begin" } });
    equal(error, null);
    ok(data instanceof Response);
    const { text, last } = await readToEnd(readStory(data));
    equal(text, "Once upon a time.");
    const stored = await client.from("messages").select("content").eq("id", last.message_id).single();
    equal(stored.data, { content: text });
  },
}, {
  title: "functions.invoke resumes a stream, where a GET brings the last id",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const { start } = await tell(target, user, { prompt: "Begin" });
    const client = clientOf(target, user.token);
    const { data, error } = await client.functions.invoke(
      `stream/${start.stream_id}`,
      { method: "GET", headers: { "last-event-id": "5" } },
    );
    equal(error, null);
    const { text, end } = await readFrom(readStory(data), 5);
    equal([text, end], ["upon a time.", "done"]);
  },
}, {
  title: "functions.invoke gives a refusal as an error whose context holds the code",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const client = clientOf(target, user.token);
    const { data, error } = await client.functions.invoke("stream", { body: { prompt: "" } });
    equal(data, null);
    ok(error instanceof FunctionsHttpError);
    equal((await error.context.json()).error.code, "invalid_request");
  },
}];
