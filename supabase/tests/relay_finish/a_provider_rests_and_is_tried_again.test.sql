begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('second', 'owner');
select tests.given_fallbacks('bot', 'second');
create function pg_temp.begins(stream_id text) returns jsonb language sql as $$
  select tests.call_begin('owner', begins.stream_id, bot => 'bot', rate_limit => 1000, max_concurrent => 1000)
$$;
create function pg_temp.ends(stream_id text, variadic codes text[]) returns jsonb language sql as $$
  select tests.call_finish(ends.stream_id, tried_bots => (array['bot', 'second'])[:cardinality(codes)], tried_codes => codes)
$$;
create function pg_temp.fails(code text, times integer) returns void language sql as $$
  select pg_temp.begins(code || i), pg_temp.ends(code || i, code, 'answered') from generate_series(1, times) i
$$;
create function pg_temp.rests() returns boolean language sql as $$
  select (pg_temp.begins(gen_random_uuid()::text) ->> 'rests')::boolean
$$;
savepoint start;
-- What the request itself is to blame for, and what was stopped, says nothing of a provider.
select pg_temp.fails(code, 5) from unnest(array['provider_refused', 'context_exceeded', 'overloaded', 'internal']) as code;
select pg_temp.begins('s' || i), pg_temp.ends('s' || i, null) from generate_series(1, 5) i;
select is(pg_temp.rests(), false, 'so it does not rest');
select is((select count(*) from relay.provider_tries where has_failed), 0::bigint, 'none of these is a failure');
select pg_temp.fails(code, 1) from unnest(array['provider_error', 'provider_timeout', 'provider_rate_limited',
  'provider_auth', 'provider_bad_response']) as code;
select is(pg_temp.rests(), true, 'each of these is');

rollback to start; -- A bot that was asked twice counts by the second try.
select pg_temp.begins('t' || i), tests.call_finish('t' || i, tried_bots => array['bot', 'bot'],
  tried_codes => array['provider_rate_limited', 'answered']) from generate_series(1, 6) i;
select is(pg_temp.rests(), false, 'it has answered');

rollback to start; -- A trial that fails.
select pg_temp.begins('old');
select pg_temp.fails('provider_error', 5);
select tests.back_date_tries(interval '30 seconds');
select pg_temp.begins('trial');
select is(pg_temp.rests(), true, 'one start has the trial');
select pg_temp.ends('trial', 'provider_error', 'answered');
select tests.back_date_tries(interval '29 seconds');
select is(pg_temp.rests(), true, 'it rests again');
select tests.back_date_tries(interval '1 second');
select is(pg_temp.rests(), false, 'until the next trial');

rollback to start; -- A trial that succeeds.
select pg_temp.begins('old' || i) from generate_series(1, 5) i;
select tests.back_date('old' || i, interval '40 seconds') from generate_series(1, 5) i;
select pg_temp.fails('provider_error', 5);
select tests.back_date_tries(interval '30 seconds');
select pg_temp.begins('trial');
select pg_temp.ends('old1', 'answered');
select is(pg_temp.rests(), true, 'what began before says nothing');
select pg_temp.ends('trial', 'answered');
select is(array[pg_temp.rests(), pg_temp.rests()], array[false, false], 'it is well');
select pg_temp.ends('old' || i, 'provider_error', 'answered') from generate_series(2, 5) i;
select pg_temp.fails('provider_timeout', 4);
select is(pg_temp.rests(), false, 'and failures of what began before do not count again');
select pg_temp.fails('provider_auth', 1);
select is(pg_temp.rests(), true, 'but five new ones');
select is(tests.counted('resting_providers'), 1::float8, 'the metrics show it');

select * from finish(); rollback;
