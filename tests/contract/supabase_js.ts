/** The relay as an application calls it: through functions.invoke of supabase-js. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { createClient, FunctionsHttpError } from "@supabase/supabase-js";
import { newAuthor } from "../../testkit/author.ts";
import { readEvents, readToEnd } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

export const supabaseJs: Scenario[] = [{
  title: "functions.invoke streams, resumes, and gives a refusal as an error whose context holds the code",
  async run(target, provider) {
    const { user } = await newAuthor(target, provider);
    const accessToken = () => Promise.resolve(user.token);
    const { functions } = createClient(target.supabaseUrl, target.publishableKey, { accessToken });
    const { data, error } = await functions.invoke("stream", { body: { prompt: "Begin" } });
    equal(error, null);
    ok(data instanceof Response);
    const { text, start } = await readToEnd(readEvents(data));
    equal(text, "Once upon a time.");
    const headers = { "last-event-id": "5" };
    const resumed = await functions.invoke(`stream/${start.stream_id}`, { method: "GET", headers });
    equal((await readToEnd(readEvents(resumed.data), 5)).text, "upon a time.");
    const refused = await functions.invoke("stream", { body: { prompt: "" } });
    equal(refused.data, null);
    ok(refused.error instanceof FunctionsHttpError);
    equal((await refused.error.context.json()).error.code, "invalid_request");
  },
}];
