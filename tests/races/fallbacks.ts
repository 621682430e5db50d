import { deepStrictEqual as equal } from "node:assert/strict";
import type { Sql } from "postgres";
import { admit, type Admitted, begin } from "./relay_sql.ts";
import { atOnce, sideBySide, type TransactionRace, type TransactionRaces } from "./transaction_race.ts";

/** The user's bot, with a fallback. */
async function givenFallback({ observer, user_id }: TransactionRace): Promise<string> {
  const [{ id }] = await observer`select id from public.bots where user_id = ${user_id}`;
  const [{ fallback }] = await observer`
    insert into public.bots (user_id, model, updated_at) values (${user_id}, 'fallback', '2020-01-01')
    returning id as fallback`;
  await observer`insert into public.bot_fallbacks values (${id}, 1, ${fallback})`;
  return id;
}

/** The end of a generation whose bot failed, so that the fallback answered. */
async function fail(sql: Sql, { stream_id, fence }: Admitted, botId: string) {
  const [{ answer }] = await sql`
    select public.relay_finish(
      stream_id => ${stream_id}, fence => ${fence}, status => 'completed', finish_reason => 'stop', error_code => null,
      content => 'Once', prompt_tokens => null, completion_tokens => null, total_tokens => null, first_token_ms => 5,
      tried_bots => array[${botId}], tried_codes => array['provider_error']
    ) as answer`;
  return answer;
}

/** Time passes for what is known of the user's providers. */
async function back(sql: Sql, user_id: string, seconds: number) {
  await sql`
    update relay.provider_tries t
    set at = at - make_interval(secs => ${seconds}), started_at = started_at - make_interval(secs => ${seconds})
    from relay.provider_health h where h.key = t.key and h.owner_id = ${user_id}`;
  await sql`
    update relay.provider_health set since = since - make_interval(secs => ${seconds}),
      rests_until = rests_until - make_interval(secs => ${seconds})
    where owner_id = ${user_id}`;
}

/** The breaker, over connections that see what others have committed and nothing else. */
export const fallbacks: TransactionRaces = {
  async "failures that end at the same time are all counted, and none waits for another"(race) {
    const { a, b, observer, user_id } = race;
    const botId = await givenFallback(race);
    const all = await race.givenGenerations(5);
    for (const generation of all.slice(0, 3)) await fail(observer, generation, botId);
    equal((await begin(observer, { user_id })).rests, false);
    // Neither sees that the other is the fifth; the next start does.
    await sideBySide({ ...race, a, b }, (sql) => fail(sql, all[3], botId), (sql) => fail(sql, all[4], botId));
    equal((await begin(observer, { user_id })).rests, true);
  },

  async "of twenty starts at once after a rest exactly one tries the provider"(race) {
    const { databaseUrl, observer, user_id } = race;
    const botId = await givenFallback(race);
    for (const generation of await race.givenGenerations(5)) await fail(observer, generation, botId);
    // Of several users: the starts of one come one after the other.
    const users = await Promise.all(Array.from({ length: 20 }, () => race.givenUser()));
    await observer`
      insert into public.bot_shares (bot_id, user_id) select ${botId}, u from unnest(string_to_array(${users.join()}, ',')::uuid[]) as u`;
    for (let round = 0; round < 3; round++) {
      await back(observer, user_id, 30);
      const rests = await atOnce(databaseUrl, 20, async (sql, index) => {
        const { rests, fallbacks } = await begin(sql, { user_id: users[index], bot_id: botId });
        equal(fallbacks.length, 1);
        return rests;
      });
      equal(rests.filter((rests) => !rests).length, 1);
    }
  },

  async "a start waits neither for a start that has the trial nor for an end that is counted"(race) {
    const { observer, user_id } = race;
    const botId = await givenFallback(race);
    const [last, ...all] = await race.givenGenerations(6);
    for (const generation of all) await fail(observer, generation, botId);
    await back(observer, user_id, 30);
    const other = await race.givenUser();
    await observer`insert into public.bot_shares (bot_id, user_id) values (${botId}, ${other})`;
    const [trial, next] = await sideBySide(
      race,
      (sql) => admit(sql, { user_id }),
      (sql) => begin(sql, { user_id: other, bot_id: botId }),
    );
    equal([(trial as unknown as { rests: boolean }).rests, next.rests], [false, true]);
    const [, after] = await sideBySide(
      race,
      (sql) => fail(sql, last, botId),
      (sql) => begin(sql, { user_id: other, bot_id: botId }),
    );
    equal(after.rests, true);
  },
};
