begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation(place::text, 'owner') from generate_series(1, 20) as place;
select tests.call_finish(place::text, prompt_tokens => 1) from generate_series(1, 20) as place;

select is((select count(distinct c.slot) from relay.counters c), 1::bigint, 'all of its counts are in one');
select ok(bool_and(c.slot between 0 and 63), 'of the sixty-four') from relay.counters c;
select is(tests.counted('tokens_total', '{"kind": "prompt"}'), 20::float8, 'and none is missing');

select * from finish();
rollback;
