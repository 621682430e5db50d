begin; select plan(11);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('other', 'friend');
select tests.given_price('model of bot', 1, 1, 1);
create function pg_temp.ended(stream_id text, who text, bot text, tokens integer) returns void language sql as $$
  select tests.call_begin(who, stream_id, bot => bot, rate_limit => 99);
  select tests.call_finish(stream_id, prompt_tokens => tokens, completion_tokens => 0)
$$;
select pg_temp.ended('a1', 'owner', 'bot', 1), pg_temp.ended('a2', 'owner', 'bot', 2), pg_temp.ended('b', 'friend', 'other', 4);
savepoint start;

-- One row for each day, user, bot and model.
select is(count(*), 3::bigint, 'each end has added a row') from public.usage_days;
select tests.call_sweep();
select results_eq('select u.user_id, u.generations, u.prompt_tokens, u.cost, u.is_merged from public.usage_days u order by 3',
  $$ values (tests.id('owner'), 2, 3::bigint, 0.000003, true), (tests.id('friend'), 1, 4, null, true) $$,
  'a sweep makes them one, and without a price there is no cost');
select pg_temp.ended('a3', 'owner', 'bot', 8);
select pg_temp.ended('b2', 'friend', 'other', 8);
select tests.call_sweep();
select results_eq('select u.generations, u.prompt_tokens, u.cost from public.usage_days u order by 3',
  'values (3, 11::bigint, 0.000011), (2, 12, null)', 'later rows are added to it');
select is_empty('select * from tests.unsettled()', 'to the last unit');
create temp table before as select tests.everything() -> 'public.usage_days' as days;
select tests.call_sweep();
select is(tests.everything() -> 'public.usage_days', days, 'with nothing new nothing is written') from before;

rollback to start; -- Without a bot.
select tests.given_generation(stream_id, 'owner') from unnest(array['c1', 'c2']) as stream_id;
select tests.call_finish(stream_id, prompt_tokens => 1, completion_tokens => 1) from unnest(array['c1', 'c2']) as stream_id;
select tests.call_sweep();
select is(generations, 2, 'they are one row as well') from public.usage_days where bot_id is null;

rollback to start; -- A batch at most.
select relay.merge_days(1);
select is(count(*) filter (where is_merged), 1::bigint, 'one row is merged') from public.usage_days;
select is(count(*), 3::bigint, 'the rest is left to the next') from public.usage_days;
select is_empty('select * from tests.unsettled()', 'and the sum is right at any time');

rollback to start; -- A memory costs, too.
select tests.given_generation('m', 'owner', conversation => 'tale', parent => 'first answer');
update relay.generations set kind = 'memory', leaf_id = null, bot_id = tests.key('bot') where stream_id = 'm';
select tests.call_finish('m', 'They met.', prompt_tokens => 100, completion_tokens => 9);
select is(sum(prompt_tokens), 103::numeric, 'under the bot that wrote it') from public.usage_days where bot_id = tests.key('bot');
select is_empty('select * from tests.unsettled()', 'once');

select * from finish(); rollback;
