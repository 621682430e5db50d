begin;
select plan(2);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.given_expired('second', 'owner');
update relay.generations set cancel_requested_at = clock_timestamp() where stream_id = 'second';

select tests.call_sweep();
select is(
  tests.all_counted(),
  '{
    "generations_ended_total{\"code\": \"interrupted\", \"outcome\": \"interrupted\"}": 1,
    "generations_ended_total{\"outcome\": \"cancelled\"}": 1,
    "sweeps_total": 1,
    "swept_generations_total": 2
  }',
  'nobody measured them'
);
select relay.close_expired('first');
select tests.call_read('owner', 'first');
select is(tests.counted('generations_ended_total', '{"outcome": "interrupted", "code": "interrupted"}'), 1::float8,
  'it has ended once, whoever comes by later');

select * from finish();
rollback;
