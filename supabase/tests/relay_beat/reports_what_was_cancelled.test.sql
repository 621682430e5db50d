begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('left-alone', 'owner');
select tests.given_generation('cancelled', 'owner');
select tests.back_date('cancelled', interval '5 seconds');
select tests.call_cancel('owner', 'cancelled');

select is(
  tests.call_beat(array['left-alone', 'cancelled']) - 'stored', '{"lost": [], "cancelled": ["cancelled"]}',
  'the worker learns which to stop'
);
select is(
  tests.call_beat(array['left-alone', 'cancelled']) -> 'cancelled', '["cancelled"]', 'with every beat until it ends'
);
select ok(lease_expires_at > clock_timestamp() + interval '12 seconds', 'its lease is renewed meanwhile')
from relay.generations where stream_id = 'cancelled';
select is(
  tests.call_beat(array['cancelled'], array[tests.id('another fence')]),
  '{"lost": ["cancelled"], "stored": {}, "cancelled": []}', 'another worker learns nothing of it'
);

select * from finish();
rollback;
