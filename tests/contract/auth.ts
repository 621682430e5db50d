/** Who may use the relay: the project's own users with a token that is good now. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { SignJWT } from "jose";
import { post } from "../../testkit/reader.ts";
import { signUp, type Target, type TestUser } from "../../testkit/target.ts";
import { ask, cancel, givenAuthor, readToEnd, refused, type Scenario } from "./scenario.ts";
import { readStory } from "../../testkit/reader.ts";

interface Minting {
  secret?: string;
  expiresIn?: string | number;
  claims?: Record<string, unknown>;
}

/** Signs a token as the project's Auth would, but for what is given. */
function mint(target: Target, user: { id: string }, minting: Minting = {}): Promise<string> {
  const { secret = target.jwtSecret, expiresIn = "5 minutes", claims } = minting;
  return new SignJWT({
    sub: user.id,
    aud: "authenticated",
    role: "authenticated",
    ...claims,
  }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setIssuedAt()
    .setExpirationTime(expiresIn).sign(new TextEncoder().encode(secret));
}

function unsigned(token: string): string {
  const header = btoa(JSON.stringify({ alg: "none", typ: "JWT" })).replaceAll("=", "");
  return `${header}.${token.split(".")[1]}.`;
}

/** Tries both functions; answers the errors. */
async function refusedEverywhere(target: Target, token: string | null, status: number, code: string) {
  const answers = [await ask(target, { token }, { prompt: "x" }), await cancel(target, { token }, "some-stream")];
  for (const answer of answers) {
    equal(answer.headers.get("www-authenticate"), status === 401 ? "Bearer" : null);
    await refused(answer, status, code);
  }
}

export const auth: Scenario[] = [{
  title: "a request without a token is refused, also with an API key in its place",
  async run(target) {
    await refusedEverywhere(target, null, 401, "unauthenticated");
    for (const key of [target.publishableKey, target.secretKey, ""]) {
      await refusedEverywhere(target, key, 401, "unauthenticated");
    }
    const user = await signUp(target);
    for (const authorization of [`Basic ${user.token}`, user.token, `Bearer ${user.token} more`]) {
      const url = `${target.workers[0]}/stream`;
      await refused(await post(url, null, { prompt: "x" }, { authorization }), 401, "unauthenticated");
    }
  },
}, {
  title: "a token that is garbage, forged, unsigned, expired or for somebody else is refused",
  async run(target) {
    const user = await signUp(target);
    const [header, payload, signature] = user.token.split(".");
    const tokens = [
      "garbage",
      "a.b.c",
      `${header}.${payload}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      unsigned(user.token),
      await mint(target, user, { secret: "another secret, long enough for HS256" }),
      await mint(target, user, { expiresIn: "-1 minute" }),
      await mint(target, user, { claims: { aud: "anon" } }),
      await mint(target, user, { claims: { sub: undefined } }),
      await mint(target, { id: "not-a-uuid" }),
      await mint(target, user, { claims: { nbf: Math.floor(Date.now() / 1000) + 3600 } }),
    ];
    for (const token of tokens) {
      await refusedEverywhere(target, token, 401, "unauthenticated");
    }
  },
}, {
  title: "an anonymous user and another role are known and may not stream",
  async run(target) {
    const user: Pick<TestUser, "id"> = await signUp(target);
    for (const claims of [{ is_anonymous: true }, { role: "anon" }, { role: "service_role" }]) {
      await refusedEverywhere(target, await mint(target, user, { claims }), 403, "forbidden");
    }
  },
}, {
  title: "a good token is taken whoever signed in with it, and its spelling of Bearer does not matter",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const authorization = `bearer ${await mint(target, user)}`;
    const url = `${target.workers[0]}/stream`;
    const story = await readToEnd(readStory(await post(url, null, { prompt: "x" }, { authorization })));
    equal(story.end, "done");
  },
}, {
  title: "a good token of a user who is gone finds nothing",
  async run(target) {
    const token = await mint(target, { id: crypto.randomUUID() });
    await refused(await ask(target, { token }, { prompt: "x" }), 404, "bot_not_found");
    await refused(await cancel(target, { token }, "some-stream"), 404, "stream_not_found");
  },
}];
