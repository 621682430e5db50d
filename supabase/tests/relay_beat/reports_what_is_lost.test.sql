begin; select plan(9);
select tests.make_user('owner');
savepoint start;

-- Reports what is lost.
select tests.given_generation('completed', 'owner', 'completed');
select tests.given_generation('interrupted', 'owner', 'interrupted');
update relay.generations set fence = null where stream_id = 'interrupted';
create temp table before as select tests.everything() as everything;
select is(tests.call_beat(array['completed']) -> 'lost', '["completed"]', 'what has ended');
select is(tests.call_beat(array['interrupted']) -> 'lost', '["interrupted"]', 'what has ended with its worker');
select is(tests.call_beat(array['unknown']) -> 'lost', '["unknown"]', 'what is not there');
select is(
  tests.call_beat(array['completed', 'interrupted']) -> 'cancelled', '[]', 'none of it can be cancelled any more');
select is(tests.call_beat('{}', '{}'), '{"lost": [], "stored": {}, "cancelled": []}', 'nothing of nothing');
select is(tests.everything(), everything, 'nothing has changed') from before;

rollback to start; -- Takes no text of what has ended.
select tests.given_generation(status, 'owner', status)
  from unnest(array['completed', 'cancelled', 'disconnected', 'failed']) as status;
create temp table before as select tests.everything() as everything;
select is(tests.call_beat(array['cancelled', 'completed', 'disconnected', 'failed'],
  starts => array[0, 0, 0, 0], ends => array[4, 4, 4, 4], texts => array['Once', 'Once', 'Once', 'Once']),
  '{"lost": ["cancelled", "completed", "disconnected", "failed"], "stored": {}, "cancelled": []}',
  'it is lost for every worker');
select is_empty('select * from relay.chunks', 'there is no text of it');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
