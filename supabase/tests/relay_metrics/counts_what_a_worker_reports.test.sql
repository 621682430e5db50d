begin; select plan(12);
select tests.given_tale('owner');
select tests.given_generation('first', 'owner');
savepoint start;

-- A finish with everything.
select tests.back_date('first', interval '7 seconds');
select tests.call_finish(
  'first', prompt_tokens => 10, completion_tokens => 3, total_tokens => 13, first_token_ms => 250, overhead_ms => 12
);
select is(
  tests.all_counted() - 'generation_duration_seconds_sum',
  '{
    "generations_ended_total{\"outcome\": \"completed\"}": 1,
    "tokens_total{\"kind\": \"prompt\"}": 10,
    "tokens_total{\"kind\": \"completion\"}": 3,
    "first_token_seconds_sum": 0.25,
    "first_token_seconds_bucket{\"le\": \"0.25\"}": 1,
    "generation_duration_seconds_bucket{\"le\": \"10\"}": 1,
    "relay_overhead_seconds_sum": 0.012,
    "relay_overhead_seconds_bucket{\"le\": \"0.025\"}": 1
  }',
  'outcome, tokens and times'
);
select is(
  tests.counted('generation_duration_seconds_sum'),
  extract(epoch from g.finished_at - g.started_at)::double precision, 'the duration is that of its row'
) from relay.generations g;

rollback to start; -- Failures, by their codes.
select tests.given_generation('second', 'owner');
select tests.call_finish('first', '', 'failed', 'timeout', 'provider_timeout', overhead_ms => 3);
select tests.call_finish('second', '', 'failed', 'error', 'provider_not_allowed');
select is(
  (select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted()) where key not like 'generation_duration%'),
  '{
    "generations_ended_total{\"code\": \"provider_timeout\", \"outcome\": \"failed\"}": 1,
    "generations_ended_total{\"code\": \"provider_not_allowed\", \"outcome\": \"failed\"}": 1,
    "relay_overhead_seconds_sum": 0.003,
    "relay_overhead_seconds_bucket{\"le\": \"0.005\"}": 1
  }',
  'what was not measured is not counted'
);
select is(sum(value), 2::float8, 'both lasted for some time') from relay.counters
where name = 'generation_duration_seconds_bucket';

rollback to start; -- A cancel that came first.
select tests.call_cancel('owner', 'first');
select tests.call_finish('first', 'The end.', 'failed', 'error', 'provider_error');
select is(tests.counted('generations_ended_total', '{"outcome": "cancelled"}'), 1::float8, 'the stored outcome counts');
select is(
  tests.counted('generations_ended_total', '{"outcome": "failed", "code": "provider_error"}'), 0::float8, 'no other'
);

rollback to start; -- A bound belongs to its bucket.
select tests.given_generation(n::text, 'owner') from generate_series(1, 4) as n;
select tests.call_finish(n::text, first_token_ms => ms)
from (values (1, 0), (2, 60000), (3, 60001), (4, 101)) as m (n, ms);
select is(
  tests.counted('first_token_seconds_bucket', jsonb_build_object('le', le)), expected::float8, 'up to ' || le
) from (values ('0.1', 1), ('0.25', 1), ('0.5', 0), ('60', 1), ('+Inf', 1)) as buckets (le, expected);
select is(tests.counted('first_token_seconds_sum'), 120.102::float8, 'the sum is of all');

select * from finish(); rollback;
