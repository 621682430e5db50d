begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation(status, 'owner', status)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed']) as status;
create temp table before as select tests.everything() as everything;

select is(
  tests.call_beat(
    array['cancelled', 'completed', 'disconnected', 'failed'],
    starts => array[0, 0, 0, 0], ends => array[4, 4, 4, 4], texts => array['Once', 'Once', 'Once', 'Once']
  ),
  '{"lost": ["cancelled", "completed", "disconnected", "failed"], "stored": {}, "cancelled": []}',
  'it is lost, whoever asks'
);
select is_empty('select * from relay.chunks', 'there is no text of it');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
