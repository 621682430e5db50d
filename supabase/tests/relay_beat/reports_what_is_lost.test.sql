begin;
select plan(6);

select tests.make_user('owner');
select tests.given_generation('completed', 'owner', 'completed');
select tests.given_generation('interrupted', 'owner', 'interrupted');
update relay.generations set fence = null where stream_id = 'interrupted';
create temp table before as select tests.everything() as everything;

select is(tests.call_beat(array['completed']) -> 'lost', '["completed"]', 'what has ended');
select is(tests.call_beat(array['interrupted']) -> 'lost', '["interrupted"]', 'what has ended with its worker');
select is(tests.call_beat(array['unknown']) -> 'lost', '["unknown"]', 'what is not there');
select is(
  tests.call_beat(array['completed', 'interrupted']) -> 'cancelled', '[]', 'none of it can be cancelled any more'
);
select is(tests.call_beat('{}', '{}'), '{"lost": [], "stored": {}, "cancelled": []}', 'nothing of nothing');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
