import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { bearerToken, MAX_AUTHORIZATION_CHARACTERS, requireToken } from "./bearer.ts";

const TOKEN = "a-token-of-the-operator";
const OTHER = "Cannot authenticate: the token is not the one that was configured";

const request = (authorization: string | null) =>
  new Request("http://edge.internal/metrics", { headers: authorization === null ? {} : { authorization } });

/** What comes of a request with this header where TOKEN is required: null, or the message of the refusal. */
async function refusalOf(authorization: string | null): Promise<string | null> {
  try {
    await requireToken(request(authorization), TOKEN);
    return null;
  } catch (error) {
    assert.ok(error instanceof RelayError);
    assert.equal(error.code, "unauthenticated");
    assert.doesNotMatch(error.message, /operator/);
    return error.message;
  }
}

Deno.test("a bearer token is read, whatever the case of its scheme and the space around it", () => {
  for (const header of ["Bearer a.b", "bearer a.b", "BEARER   a.b", " Bearer a.b "]) {
    assert.equal(bearerToken(request(header)), "a.b");
  }
});

Deno.test("a header that has no bearer token is refused by what it lacks", async () => {
  for (const header of [null, "", "  "]) {
    assert.equal(await refusalOf(header), "Cannot authenticate: the Authorization header is missing");
  }
  const others = ["Basic dTpw", "Bearer", "Bearer a b", "Bearer a, Bearer b", TOKEN, `Bearer ${TOKEN} ${TOKEN}`];
  for (const header of others) {
    const message = 'Cannot authenticate: the Authorization header is not "Bearer" with one token';
    assert.equal(await refusalOf(header), message);
  }
  const fits = `Bearer ${"a".repeat(MAX_AUTHORIZATION_CHARACTERS - 7)}`;
  assert.equal(await refusalOf(fits), OTHER);
  assert.equal(
    await refusalOf(`${fits}a`),
    "Cannot authenticate: the Authorization header has 16385 characters, the limit is 16384",
  );
});

Deno.test("the configured token is accepted, and any other is refused: shorter, longer, of another end or case", async () => {
  assert.equal(await refusalOf(`Bearer ${TOKEN}`), null);
  const edges = [TOKEN.slice(0, -1), `${TOKEN}s`, `${TOKEN.slice(0, -1)}x`, `x${TOKEN.slice(1)}`];
  for (const token of [...edges, TOKEN.toUpperCase(), "x"]) assert.equal(await refusalOf(`Bearer ${token}`), OTHER);
});

Deno.test("a token is compared as a whole: a part of its digest that fits is not enough", async () => {
  // Of so many, some agree with the right one in any byte that one may look at.
  const answers = await Promise.all(Array.from({ length: 4_000 }, (_, i) => refusalOf(`Bearer token-${i}`)));
  assert.ok(answers.every((answer) => answer === OTHER));
});
