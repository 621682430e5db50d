begin; select plan(9);
select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
savepoint start;

-- It has an outcome; nothing measured its times.
select tests.given_expired('second', 'owner');
update relay.generations set cancel_requested_at = clock_timestamp() where stream_id = 'second';
select tests.call_sweep();
select tests.call_read('owner', 'first');
select is(
  tests.all_counted(),
  '{
    "generations_ended_total{\"code\": \"interrupted\", \"outcome\": \"interrupted\"}": 1,
    "generations_ended_total{\"outcome\": \"cancelled\"}": 1,
    "sweeps_total": 1,
    "swept_generations_total": 2,
    "estimated_tokens_total{\"kind\": \"completion\"}": 4
  }',
  'each once'
);

rollback to start; -- Its worker stores the rest after a fold.
select tests.call_sweep();
create temp table before as select tests.all_counted() as counted;
select tests.call_finish(
  'first', 'Once upon a time.', prompt_tokens => 10, completion_tokens => 3, first_token_ms => 250, overhead_ms => 12
);
select is(
  (
    select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted())
    where key not like 'generation_duration%' and not counted ? key
  ),
  '{
    "generations_recovered_total{\"outcome\": \"completed\"}": 1,
    "tokens_total{\"kind\": \"prompt\"}": 10,
    "tokens_total{\"kind\": \"completion\"}": 3,
    "first_token_seconds_sum": 0.25,
    "first_token_seconds_bucket{\"le\": \"0.25\"}": 1,
    "relay_overhead_seconds_sum": 0.012,
    "relay_overhead_seconds_bucket{\"le\": \"0.025\"}": 1
  }'::jsonb,
  'it adds what only it knew'
) from before;
select is(tests.all_counted() @> counted, true, 'what the sweep counted stays') from before;
select is(tests.counted('generation_duration_seconds_bucket', '{"le": "20"}'), 1::float8, 'its duration is added, too');

rollback to start; -- Its worker stores the rest before a fold, and failed.
select relay.close_expired('first');
select tests.call_finish('first', 'Once upon', 'failed', 'error', 'provider_error');
select is(
  (select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted()) where key like 'generations%'),
  '{
    "generations_ended_total{\"code\": \"interrupted\", \"outcome\": \"interrupted\"}": 1,
    "generations_recovered_total{\"outcome\": \"failed\"}": 1
  }',
  'both are counted, by their outcomes'
);

rollback to start; -- What closes an expired generation counts it.
create function pg_temp.interrupted() returns float8
language sql as $$
  select tests.counted('generations_ended_total', '{"outcome": "interrupted", "code": "interrupted"}')
$$;
select tests.call_begin('owner', 'new', conversation => 'tale');
select is(pg_temp.interrupted(), 1::float8, 'the next start of its user');
select tests.given_expired('read', 'owner');
select tests.call_read('owner', 'read');
select is(pg_temp.interrupted(), 2::float8, 'a reader');
select tests.given_expired('cancelled', 'owner');
select tests.call_cancel('owner', 'cancelled');
select is(pg_temp.interrupted(), 3::float8, 'a cancel, which comes too late');
select is(tests.counted('swept_generations_total'), 0::float8, 'none of them is a sweep');

select * from finish(); rollback;
