import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { createRelayClient } from "./client.ts";
import type { SupabaseLike } from "./credentials.ts";
import { play, refusal, say, streamOf } from "./testing/fake_relay.ts";

const whole = () => streamOf(say.start, say.done());
const expired = refusal(401, "unauthenticated");

/** A SupabaseClient, as far as it is needed, with the session that each refresh leads to: a token, none, or a failure. */
function makeSupabase(...sessions: (string | null | { status: number })[]): SupabaseLike {
  let refreshes = 0;
  const answer = () => {
    const session = sessions[refreshes];
    return Promise.resolve({
      data: { session: typeof session === "string" ? { access_token: session } : null },
      error: typeof session === "object" ? session : null,
    });
  };
  const hidden = { supabaseKey: "sb_publishable_x", functionsUrl: new URL("http://relay.test/functions/v1") };
  return { ...hidden, auth: { getSession: answer, refreshSession: () => (refreshes++, answer()) } };
}

Deno.test("a SupabaseClient gives the functions' URL, the key and the session's token, which is renewed once", async () => {
  const supabase = makeSupabase("old", "new", "newer");
  const { result, requests } = await play([expired, whole()], 0, { supabase });
  equal(result.outcome, "completed");
  const sent = requests.map(({ path, headers }) => [path, headers.get("authorization"), headers.get("apikey")]);
  equal(sent, [["/stream", "Bearer old", "sb_publishable_x"], ["/stream", "Bearer new", "sb_publishable_x"]]);
  const refused = await play([expired, expired, whole()], 0, { supabase });
  equal([refused.result.error!.code, refused.requests.length], ["unauthenticated", 2]);
});

Deno.test("without a session nothing is sent; one that cannot be renewed for lack of a network is not over", async () => {
  const codes = [];
  for (const session of [null, { status: 400 }, { status: 0 }]) {
    const { result, requests } = await play([], 500, { supabase: makeSupabase(session), retry: { attempts: 1 } });
    codes.push(result.error!.code);
    equal(requests, []);
  }
  equal(codes, ["unauthenticated", "unauthenticated", "unreachable"]);
});

Deno.test("a missing URL is a mistake of the caller", () => {
  throws(() => createRelayClient({ url: "", token: () => "" }), TypeError);
  const { auth } = makeSupabase("jwt");
  const expected = /^TypeError: Cannot create a client: "" is not the functions' URL$/;
  throws(() => createRelayClient({ supabase: { auth } }), expected);
});
