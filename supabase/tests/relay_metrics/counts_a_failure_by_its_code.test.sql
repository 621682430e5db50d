begin;
select plan(2);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_generation('second', 'owner');
select tests.call_finish('first', '', 'failed', 'timeout', 'provider_timeout', overhead_ms => 3);
select tests.call_finish('second', '', 'failed', 'error', 'provider_not_allowed');

select is(
  (
    select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted())
    where key not like 'generation_duration_seconds%'
  ),
  '{
    "generations_ended_total{\"code\": \"provider_timeout\", \"outcome\": \"failed\"}": 1,
    "generations_ended_total{\"code\": \"provider_not_allowed\", \"outcome\": \"failed\"}": 1,
    "relay_overhead_seconds_sum": 0.003,
    "relay_overhead_seconds_bucket{\"le\": \"0.005\"}": 1
  }',
  'what was not measured is not counted: no token came, and for one of the two the provider was not called'
);
select is(
  (select sum(c.value) from relay.counters c join relay.series s on s.id = c.series_id
    where s.name = 'generation_duration_seconds_bucket'), 2::double precision, 'both lasted for some time'
);

select * from finish();
rollback;
