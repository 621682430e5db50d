begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.everything() as everything;

select is(
  tests.call_beat('first', 4, 9, ' upon'), '{"lost": [], "stored": {}, "cancelled": []}',
  'its own worker goes on, and brings the whole text at the end'
);
select is(
  tests.call_beat(array['first'], array[tests.id('foreign')]) -> 'lost', '["first"]', 'to another it is lost'
);
select is(tests.call_beat(array['first'], array[null::uuid]) -> 'lost', '["first"]', 'and to who shows no fence');
select is(tests.everything(), everything, 'nothing has changed, not even the lease') from before;

select * from finish();
rollback;
