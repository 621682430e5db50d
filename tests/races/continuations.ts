import { deepStrictEqual as equal } from "node:assert/strict";
import { answers } from "../../testkit/provider.ts";
import { readToEnd } from "../../testkit/reader.ts";
import { expire, givenRunning, type WorkerRaceTest } from "./worker_race.ts";

/** What is left of an answer that is continued by a worker which is killed. */
export const continuations: WorkerRaceTest[] = [{
  title: "a continuation whose worker is killed keeps what its beats brought and goes on elsewhere, or leaves nothing",
  env: { RELAY_LEASE_MS: "600000" },
  async run(race) {
    const { target: { workers: [, worker] }, workers, proxy } = race;
    const given = async () => {
      const first = await givenRunning(race);
      await answers(" upon")(first.call);
      const { start: { conversation_id }, last } = await readToEnd(first.reader);
      const stream_id = crypto.randomUUID();
      const tree = async () => [await first.conversation(conversation_id), await first.messages(conversation_id)];
      const before = await tree();
      const reader = await first.open({ continue_of: last.message_id, stream_id });
      const call = await first.called(2);
      await reader.untilText("Once upon");
      return { ...first, conversation_id, stream_id, tree, before, reader, call };
    };
    const [silent, running] = [await given(), await given()];
    const { call, reader, stream_id } = running;
    const remote = await running.watch(stream_id, { worker, from: 5 });
    await call.token(" a");
    await reader.untilText(" a");
    await remote.untilText("upon a");
    // What is said now its client has, and the database has not.
    proxy.intercept((name) => name === "relay_beat" ? "hold" : "pass");
    await call.token(" time");
    await reader.untilText(" time");
    await workers[0].kill();
    for (const killed of [silent, running]) {
      await killed.call.closed;
      await killed.reader.rest().catch(() => "The connection may break as well");
      await expire(race, killed.stream_id);
    }

    const nothing = await silent.replay(silent.stream_id, { worker });
    equal([nothing.text, nothing.last.code, nothing.last.message_id], ["", "interrupted", null]);
    equal(await silent.tree(), silent.before);

    const { end, last } = await readToEnd(remote, 5);
    const part = await running.stored(stream_id);
    equal([end, last.code, last.message_id], ["error", "interrupted", part.id]);
    equal([part.content, part.finish_reason], ["Once upon a", "interrupted"]);
    // The client that saw more than was stored has it alone.
    equal((await running.replay(stream_id, { worker, from: "Once upon a time".length })).text, "");
    equal((await running.replay(stream_id, { worker })).text, "Once upon a");

    const next = running.generate({ continue_of: part.id }, { worker });
    const again = await running.called(3);
    equal(again.body.messages[1], { role: "assistant", content: "Once upon a" });
    await answers(" time.")(again);
    const { text, start, last: { message_id } } = await next;
    equal([text, start.parent_id], ["Once upon a time.", part.parent_id]);
    equal((await running.conversation(start.conversation_id)).active_message_id, message_id);
    const messages = await running.messages(start.conversation_id);
    equal(messages.map(({ content }) => content).toSorted(), ["Once upon", "Once upon a", "Once upon a time.", "x"]);
  },
}];
