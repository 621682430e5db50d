begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation('own', 'owner');
select tests.given_generation('foreign', 'owner');
create temp table before as select g.* from relay.generations g where g.stream_id = 'foreign';

select is(
  tests.call_beat(
    array['own', 'foreign'], array[tests.id('fence of own'), tests.id('fence of own')], lease_ms => 60000
  ),
  '{"lost": ["foreign"], "stored": {"own": 0}, "cancelled": []}', 'it is lost to this worker, the other one is not'
);
select results_eq(
  $$ select g.* from relay.generations g where g.stream_id = 'foreign' $$, 'select * from before',
  'the foreign one has not changed'
);
select is(
  tests.call_beat(array['own'], array[null::uuid]) -> 'lost', '["own"]', 'no fence is a foreign one'
);

select * from finish();
rollback;
