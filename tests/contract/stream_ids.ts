/** A stream_id names one generation for ever, whoever asks again. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { rest } from "../support/target.ts";
import {
  ask,
  givenAuthor,
  open,
  type Scenario,
  tell,
  visible,
} from "./scenario.ts";

export const streamIds: Scenario[] = [
  {
    title:
      "a stream_id that another user has taken is refused, and says nothing of whose it is",
    async run(target, provider) {
      const alice = await givenAuthor(target, provider);
      const mallory = await givenAuthor(target, provider);
      const stream_id = crypto.randomUUID();
      await tell(target, alice.user, { prompt: "one", stream_id });
      const foreign = await visible(
        await ask(target, mallory.user, { prompt: "one", stream_id }),
      );
      equal(foreign.status, 409);
      equal(JSON.parse(foreign.body).error.code, "stream_id_taken");
      equal(foreign.headers["x-stream-id"], undefined);
      equal(await rest(target, mallory.user, "conversations?select=id"), []);
      equal(provider.calls(mallory.baseUrl).length, 0);
    },
  },
  {
    title:
      "the same stream_id again is no second generation and no second bill",
    async run(target, provider) {
      const { user, baseUrl } = await givenAuthor(
        target,
        provider,
        async (call) => {
          await call.token("Once");
          await call.closed;
        },
      );
      const stream_id = crypto.randomUUID();
      const again = async () => {
        const answer = await visible(
          await ask(target, user, { prompt: "one", stream_id }),
        );
        equal(answer.status, 409);
        equal(JSON.parse(answer.body).error.code, "stream_id_taken");
        equal(answer.headers["ratelimit-remaining"], "4");
      };
      const stream = await open(target, user, { prompt: "one", stream_id });
      await stream.until("token");
      await again();
      const finishing = (await provider.called(baseUrl)).finish();
      await stream.rest();
      await finishing;
      await again();
      equal(provider.calls(baseUrl).length, 1);
      const messages = await rest(
        target,
        user,
        "messages?select=is_user_author",
      );
      equal(messages.length, 2);
    },
  },
];
