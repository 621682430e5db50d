begin; select plan(9);
select tests.given_tale('owner');
select tests.given_bot('second', 'owner', now() - interval '1 day');
select tests.given_fallbacks('bot', 'second');
select tests.given_budget('day', 2000000), tests.given_budget('day', 2000000, is_shared => true);
create function pg_temp.begins(stream_id text) returns jsonb language sql as $$
  select tests.call_begin('owner', begins.stream_id, bot => 'bot', fence => begins.stream_id || '''s', rate_limit => 1000,
    max_concurrent => 1000) - 'rate'
$$;
-- The bot rests, and its rest is over.
create function pg_temp.fails(stream_id text) returns void language sql as $$
  select pg_temp.begins(fails.stream_id);
  select tests.call_finish(
    fails.stream_id, tried_bots => array['bot', 'second'], tried_codes => array['provider_error', 'answered']
  );
$$;
select pg_temp.fails('failed' || n) from generate_series(1, 5) n;
select tests.back_date_tries(interval '30 seconds');

create temp table begun as select pg_temp.begins('a') as answer;
create temp table held as select b.is_shared, b.shared_tokens from relay.budgets b;
create temp table health as select h.* from relay.provider_health h;
select is(answer -> 'rests', 'false', 'the first start has the trial') from begun;
select is(pg_temp.begins('a'), answer, 'its worker is answered the same, when it asks again') from begun;
select is(pg_temp.begins('b') -> 'rests', 'true', 'and no other start has it');
select is(pg_temp.begins('a'), answer, 'also after that') from begun;
select results_eq('select * from relay.provider_health', 'select * from health', 'nothing is claimed twice');
select is(sum(g.reserved_tokens)::integer, 2 * tests.held_by('a'), 'each holds once') from relay.generations g
where g.status = 'running';
select is(b.shared_tokens - h.shared_tokens, tests.held_by('b')::bigint, 'in what all share, too')
from relay.budgets b join held h on h.is_shared and b.is_shared;
delete from public.bot_fallbacks;
select is(pg_temp.begins('a'), answer, 'whom it may ask was decided at the start') from begun;

update public.bots set model = 'dearer' where id = tests.key('second');
select is(jsonb_array_length(pg_temp.begins('a') -> 'fallbacks'), 0, 'one that was changed since is not asked at another price');

select * from finish(); rollback;
