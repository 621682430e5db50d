begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_generation('second', 'owner');
select tests.back_date(stream_id, interval '10 seconds') from unnest(array['first', 'second']) as stream_id;

select is(
  tests.call_beat(array['second', 'first'], lease_ms => 60000),
  '{"lost": [], "stored": {"first": 0, "second": 0}, "cancelled": []}', 'nothing is amiss'
);
select ok(
  bool_and(lease_expires_at > clock_timestamp() + interval '50 seconds'), 'both leases are as long as was asked for'
) from relay.generations;
select is(array_agg(distinct status), array['running'], 'both are running') from relay.generations;

select * from finish();
rollback;
