import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { answers } from "../../testkit/provider.ts";
import { expectRefusal, readToEnd } from "../../testkit/reader.ts";
import { expire, givenRunning, type WorkerRace, type WorkerRaceTest } from "./worker_race.ts";

/** Leases run out when a test says so, and never by themselves. */
const env = { RELAY_LEASE_MS: "600000" };

/** A generation whose worker was killed once a beat had stored what it said; its conversation, and the worker that is left. */
async function givenKilled(race: WorkerRace) {
  const { target: { workers: [, worker] }, workers } = race;
  const running = await givenRunning(race);
  const { conversation_id } = JSON.parse(running.reader.events[0].data);
  await eventually("the text is stored", async () => {
    const [row] = await race.look<{ text_units: number }>(
      "select text_units from relay.generations where stream_id = $1",
      running.stream_id,
    );
    return row.text_units === "Once".length;
  });
  await workers[0].kill();
  await running.reader.rest().catch(() => "The connection may break as well");
  /** The context of the next prompt, which is asked of the worker that is left. */
  async function next() {
    const asked = running.generate({ prompt: "Go on", conversation_id }, { worker });
    const call = await running.called(2);
    await answers("Yes.")(call);
    equal((await asked).end, "done");
    return call.body.messages.map(({ content }: { content: string }) => content);
  }
  return { ...running, conversation_id, worker, next };
}

/** What a prompt finds whose answer before it was left by a worker that died. */
export const voices: WorkerRaceTest[] = [{
  title: "a killed worker, then the next prompt at once: it is refused with when, and then follows what was stored",
  env,
  async run(race) {
    const { ask, conversation_id, next, stream_id, worker } = await givenKilled(race);
    const response = await ask({ prompt: "Go on", conversation_id }, { worker });
    const after = Number(response.headers.get("retry-after"));
    ok(after > 0 && after <= 600, `Retry-After is ${after}`);
    equal((await expectRefusal(response, 409, "conversation_busy")).stream_id, stream_id);
    await expire(race, stream_id);
    equal(await next(), ["x", "Once", "Go on"]);
  },
}, {
  title: "a cancel that a killed worker never learns of: the text is cut, and the next prompt waits for that",
  env,
  async run(race) {
    const { cancel, next, stored, stream_id } = await givenKilled(race);
    equal((await cancel(stream_id, { at: 2 })).status, 202);
    const context = next();
    await expire(race, stream_id);
    equal(await context, ["x", "On", "Go on"]);
    const { content, finish_reason } = await stored(stream_id);
    equal([content, finish_reason], ["On", "cancelled"]);
  },
}, {
  title: "a worker that is killed before the first word of what it continues leaves the conversation as it was",
  env,
  async run(race) {
    const { target: { workers: [, worker] }, workers } = race;
    const first = await givenRunning(race);
    await answers(" upon")(first.call);
    const { last } = await readToEnd(first.reader);
    const { conversation_id } = (await first.replay(first.stream_id)).start;
    const tree = async () => [await first.conversation(conversation_id), await first.messages(conversation_id)];
    const before = await tree();
    const stream_id = crypto.randomUUID();
    const reader = await first.open({ continue_of: last.message_id, stream_id });
    await first.called(2);
    await reader.untilText("Once upon");
    await workers[0].kill();
    await reader.rest().catch(() => "The connection may break as well");
    await expire(race, stream_id);
    const ended = await first.replay(stream_id, { worker });
    equal([ended.text, ended.last.code, ended.last.message_id], ["", "interrupted", null]);
    equal(await tree(), before);
  },
}];
