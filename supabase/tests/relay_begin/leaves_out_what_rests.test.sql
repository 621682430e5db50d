begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('second', 'owner');
select tests.given_bot('third', 'owner');
select tests.given_fallbacks('bot', 'second', 'third');
-- A generation of the bot's whose tries have come to this, in the chain's order.
create function pg_temp.ends(stream_id text, variadic codes text[]) returns void language sql as $$
  select tests.call_begin('owner', ends.stream_id, bot => 'bot', rate_limit => 1000, max_concurrent => 1000);
  select tests.call_finish(ends.stream_id, tried_bots => (array['bot', 'second', 'third'])[:cardinality(codes)],
    tried_codes => codes)
$$;
create function pg_temp.fail(times integer, variadic codes text[] default '{provider_error,answered}') returns void
language sql as $$ select pg_temp.ends(gen_random_uuid()::text, variadic codes) from generate_series(1, times) $$;
-- Whom the next start asks.
create function pg_temp.asks() returns text language sql as $$
  select concat_ws(', ', case when not (a.answer ->> 'rests')::boolean then 'bot' end, (
    select string_agg(replace(f ->> 'model', 'model of ', ''), ', ' order by index)
    from jsonb_array_elements(a.answer -> 'fallbacks') with ordinality as e (f, index)
  ))
  from (
    select tests.call_begin(
      'owner', gen_random_uuid()::text, bot => 'bot', rate_limit => 1000, max_concurrent => 1000
    ) as answer
  ) a
$$;
savepoint start;
select pg_temp.fail(4);
select is(pg_temp.asks(), 'bot, second, third', 'four failures are not enough');
select pg_temp.fail(1);
select is(pg_temp.asks(), 'second, third', 'five are');
select tests.back_date_tries(interval '29 seconds');
select is(pg_temp.asks(), 'second, third', 'for half a minute');
select tests.back_date_tries(interval '1 second');
select is(array[pg_temp.asks(), pg_temp.asks()], array['bot, second, third', 'second, third'], 'then one start tries it');

rollback to start; -- Failures must outnumber the successes, and be of one minute.
select pg_temp.fail(5, 'answered'), pg_temp.fail(5);
select is(pg_temp.asks(), 'bot, second, third', 'as many successes as failures');
select pg_temp.fail(1);
select is(pg_temp.asks(), 'second, third', 'one failure more');
rollback to start;
select pg_temp.fail(4);
select tests.back_date_tries(interval '61 seconds');
select pg_temp.fail(4);
select is(pg_temp.asks(), 'bot, second, third', 'four a minute never rest it');

rollback to start; -- All of a chain, each for itself.
select pg_temp.fail(5, 'provider_timeout', 'provider_auth', 'answered');
select is(pg_temp.asks(), 'third', 'whoever failed rests');
select pg_temp.fail(6, null, null, 'provider_rate_limited');
select is(pg_temp.asks(), 'bot, second, third', 'a chain that rests as a whole is tried all the same');

rollback to start; -- A fallback behind one that is well needs no claim.
select pg_temp.fail(5, 'provider_error', 'provider_error', 'answered'), pg_temp.fail(1, 'answered');
update relay.provider_health set rests_until = null where model = 'model of bot';
select tests.back_date_tries(interval '30 seconds');
select is(array[pg_temp.asks(), pg_temp.asks()], array['bot, second, third', 'bot, second, third'], 'it is there if that fails');

rollback to start; -- What others made of it counts for their own keys alone.
select tests.make_user('friend');
select tests.given_bot('friends bot', 'friend');
update public.bots set model = 'model of bot' where id = tests.key('friends bot');
select tests.given_fallbacks('friends bot', 'second');
select pg_temp.fail(5);
select is(count(*), 1::bigint, 'one owner''s rests') from relay.provider_health h where h.rests_until > now();
select is((relay.health_of(b)).is_well, true, 'the other''s is well') from public.bots b where b.id = tests.key('friends bot');

select * from finish(); rollback;
