begin;
select plan(6);

select tests.make_user('owner');
select tests.given_generation(place::text, 'owner') from generate_series(1, 4) as place;
select tests.call_finish('1', first_token_ms => 0);
select tests.call_finish('2', first_token_ms => 60000);
select tests.call_finish('3', first_token_ms => 60001);
select tests.call_finish('4', first_token_ms => 101);

select is(
  tests.counted('first_token_seconds_bucket', jsonb_build_object('le', le)), expected::float8, 'up to ' || le
) from (
  values ('0.1', 1), ('0.25', 1), ('0.5', 0), ('60', 1), ('+Inf', 1)
) as buckets (le, expected);
select is(tests.counted('first_token_seconds_sum'), 120.102::float8, 'the sum is of all');

select * from finish();
rollback;
