begin; select plan(11);
select tests.make_user('owner');
savepoint start;

-- Renews the leases of its own generations.
select tests.given_generation('first', 'owner');
select tests.given_generation('second', 'owner');
select tests.back_date(stream_id, interval '10 seconds') from unnest(array['first', 'second']) as stream_id;
select is(tests.call_beat(array['second', 'first'], lease_ms => 60000),
  '{"lost": [], "stored": {"first": 0, "second": 0}, "cancelled": []}', 'nothing is amiss');
select ok(
  bool_and(lease_expires_at > clock_timestamp() + interval '50 seconds'), 'both leases are as long as was asked for'
  ) from relay.generations;
select is(array_agg(distinct status), array['running'], 'both are running') from relay.generations;

rollback to start; -- Renews a lease that ran out unnoticed.
select tests.given_generation('late', 'owner');
select tests.back_date('late', interval '20 seconds');
select is(tests.call_beat(array['late']), '{"lost": [], "stored": {"late": 0}, "cancelled": []}',
  'what no sweep has closed is still its worker''s');
select ok(lease_expires_at > clock_timestamp(), 'the lease is good again') from relay.generations;

rollback to start; -- Leaves the generation of another fence alone.
select tests.given_generation('own', 'owner');
select tests.given_generation('foreign', 'owner');
create temp table before as select g.* from relay.generations g where g.stream_id = 'foreign';
select is(tests.call_beat(
  array['own', 'foreign'], array[tests.id('fence of own'), tests.id('fence of own')], lease_ms => 60000),
  '{"lost": ["foreign"], "stored": {"own": 0}, "cancelled": []}', 'it is lost to this worker, the other one is not');
select results_eq($$ select g.* from relay.generations g where g.stream_id = 'foreign' $$, 'select * from before',
  'the foreign one has not changed');
select is(tests.call_beat(array['own'], array[null::uuid]) -> 'lost', '["own"]', 'no fence is a foreign one');

rollback to start; -- A foreign fence brings no text.
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');
create temp table before as select tests.everything() as everything;
select is(tests.call_beat(array['first'], array[fence], starts => array[4], ends => array[9], texts => array[' upon']),
  '{"lost": ["first"], "stored": {}, "cancelled": []}', description) from (values
  (tests.id('foreign'), 'it is lost for another fence, and where the text ends is not shown'),
  (null, 'and for none')) as foreigner (fence, description);
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
