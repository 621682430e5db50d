begin; select plan(8);
savepoint start;

-- Reports what was cancelled.
select tests.make_user('owner');
select tests.given_generation('left-alone', 'owner');
select tests.given_generation('cancelled', 'owner');
select tests.back_date('cancelled', interval '5 seconds');
select tests.call_cancel('owner', 'cancelled');
select is(tests.call_beat(array['left-alone', 'cancelled']) - 'stored', '{"lost": [], "cancelled": ["cancelled"]}',
  'the worker learns which to stop');
select is(
  tests.call_beat(array['left-alone', 'cancelled']) -> 'cancelled', '["cancelled"]', 'with every beat until it ends');
select ok(lease_expires_at > clock_timestamp() + interval '12 seconds', 'its lease is renewed until then')
  from relay.generations where stream_id = 'cancelled';
select is(tests.call_beat(array['cancelled'], array[tests.id('another fence')]),
  '{"lost": ["cancelled"], "stored": {}, "cancelled": []}', 'another worker learns nothing of it');

rollback to start; -- What was swept is neither lost nor stored.
select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.everything() as everything;
select is(tests.call_beat('first', 4, 9, ' upon'), '{"lost": [], "stored": {}, "cancelled": []}',
  'its own worker goes on, and brings the whole text at the end');
select is(tests.call_beat(array['first'], array[tests.id('foreign')]) -> 'lost', '["first"]', 'to another it is lost');
select is(tests.call_beat(array['first'], array[null::uuid]) -> 'lost', '["first"]', 'and for no fence');
select is(tests.everything(), everything, 'nothing has changed, not even the lease') from before;

select * from finish(); rollback;
