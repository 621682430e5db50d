import { deepStrictEqual as equal, throws } from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import { createRelayClient } from "./client.ts";
import type { SupabaseLike } from "./credentials.ts";
import { makeLab, makeStream, refusal, say } from "./testing/fake_relay.ts";

const ASK = { prompt: "Tell me", stream_id: "s1" };
const whole = () => makeStream(say.start + say.done()).answer;
const expired = refusal(401, "unauthenticated");

type Failure = Error & { status: number };

/** A SupabaseClient, as far as it is needed, with the session that each refresh leads to: a token, none, or a failure. */
function makeSupabase(...sessions: (string | null | Failure)[]): SupabaseLike {
  let refreshes = 0;
  const answer = () => {
    const session = sessions[refreshes];
    return Promise.resolve({
      data: { session: typeof session === "string" ? { access_token: session } : null },
      error: session instanceof Error ? session : null,
    });
  };
  const hidden = { supabaseKey: "sb_publishable_x", functionsUrl: new URL("http://relay.test/functions/v1") };
  return { ...hidden, auth: { getSession: answer, refreshSession: () => (refreshes++, answer()) } };
}

Deno.test("a SupabaseClient gives the functions' URL, the key and the session's token", async () => {
  const supabase = makeSupabase("jwt");
  const { client, requests } = makeLab([whole()], { supabase });
  equal((await client.start(ASK).done).outcome, "completed");
  const [{ path, headers }] = requests;
  equal(path, "/stream");
  equal(headers.get("authorization"), "Bearer jwt");
  equal(headers.get("apikey"), "sb_publishable_x");
});

Deno.test("a session that the relay refuses is renewed once", async () => {
  const supabase = makeSupabase("old", "new", "newer");
  const good = makeLab([expired, whole()], { supabase });
  equal((await good.client.start(ASK).done).outcome, "completed");
  equal(good.requests.map(({ headers }) => headers.get("authorization")), ["Bearer old", "Bearer new"]);
  const bad = makeLab([expired, expired, whole()], { supabase });
  equal((await bad.client.start(ASK).done).error!.code, "unauthenticated");
  equal(bad.requests.length, 2);
});

Deno.test("without a session nothing is sent", async () => {
  const { client, requests } = makeLab([], { supabase: makeSupabase(null) });
  equal((await client.start(ASK).done).error!.code, "unauthenticated");
  equal(requests.length, 0);
});

Deno.test("a session that has ended is a refusal, one that cannot be renewed for lack of a network is none", async () => {
  const failure = (status: number) => makeSupabase(Object.assign(new Error("No session"), { status }), "jwt");
  const ended = makeLab([], { supabase: failure(400) });
  equal((await ended.client.start(ASK).done).error!.code, "unauthenticated");

  const offline = makeLab([], { supabase: failure(0), retry: { attempts: 1 } });
  const generation = offline.client.start(ASK);
  await offline.clock.run(500);
  equal((await generation.done).error!.code, "unreachable");
});

Deno.test("a URL that is none is a mistake of the caller", () => {
  throws(() => createRelayClient({ url: "", token: () => "" }), TypeError);
  throws(
    () => createRelayClient({ supabase: makeBare() }),
    /^TypeError: Cannot create a client: "" is not the functions' URL$/,
  );
});

function makeBare(): SupabaseLike {
  const { auth } = makeSupabase("jwt");
  return { auth };
}

Deno.test("the real SupabaseClient fits the type", () => {
  const fits: SupabaseClient extends SupabaseLike ? true : false = true;
  equal(fits, true);
});
