import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { requireToken } from "./shared_token.ts";

const TOKEN = "a-token-of-the-operator";

/** What comes of a request with this header: null, or the error's code and message. */
async function asked(authorization: string | null) {
  const headers: HeadersInit = authorization === null ? {} : { authorization };
  const request = new Request("http://edge.internal/metrics", { headers });
  try {
    await requireToken(request, TOKEN);
    return null;
  } catch (error) {
    assert.ok(error instanceof RelayError);
    assert.doesNotMatch(error.message, /operator/);
    return [error.code, error.message];
  }
}

Deno.test("the shared token is taken, whatever the case of its scheme", async () => {
  assert.equal(await asked(`Bearer ${TOKEN}`), null);
  assert.equal(await asked(`bearer  ${TOKEN} `), null);
});

Deno.test("any other token is refused: shorter, longer, of another end or another case", async () => {
  for (
    const token of [
      TOKEN.slice(0, -1),
      `${TOKEN}s`,
      `${TOKEN.slice(0, -1)}x`,
      `x${TOKEN.slice(1)}`,
      TOKEN.toUpperCase(),
      "x",
    ]
  ) {
    assert.deepEqual(await asked(`Bearer ${token}`), [
      "unauthenticated",
      "Cannot authenticate: the token is not the one that was configured",
    ]);
  }
});

Deno.test("a token is compared as a whole: a part of its digest that fits is not enough", async () => {
  // Of so many, some agree with the right one in any byte that one may look at.
  const tokens = Array.from({ length: 4_000 }, (_, i) => `token-${i}`);
  const answers = await Promise.all(tokens.map((token) => asked(`Bearer ${token}`)));
  assert.equal(answers.filter((answer) => answer === null).length, 0);
});

Deno.test("a request without a bearer token is refused before anything is compared", async () => {
  assert.deepEqual(await asked(null), ["unauthenticated", "Cannot authenticate: the Authorization header is missing"]);
  for (const header of [TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN} ${TOKEN}`]) {
    assert.deepEqual(await asked(header), [
      "unauthenticated",
      'Cannot authenticate: the Authorization header is not "Bearer" with one token',
    ]);
  }
});
