begin; select plan(11);
savepoint start;

-- Is a no op after the end.
select tests.make_user('owner');
select tests.given_generation(status, 'owner', status)
  from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;
create temp table before as select tests.everything() as everything;
select is(tests.call_cancel('owner', status) ->> 'status', status, 'it says how it ended: ' || status)
  from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;
select is(tests.everything(), everything, 'nothing has changed') from before;

rollback to start; -- Reaches the worker that was thought dead.
select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.call_sweep();
select is(tests.call_cancel('owner', 'first'), '{"status": "interrupted"}', 'to its user it has ended already');
select is(tests.call_beat('first', 4, 9, ' upon'), '{"lost": [], "stored": {}, "cancelled": ["first"]}',
  'its worker, which lives, learns of the cancel');
select is(tests.call_finish('first', 'Once upon', start_at => 0) ->> 'status', 'cancelled',
  'and what it brings ends as cancelled');
select is((select m.content || ' ' || m.finish_reason from public.messages m where m.stream_id = 'first'),
  'Once upon cancelled', 'with the text that there is');
select tests.call_cancel('owner', 'first');
select is((select count(*)::integer from relay.generations g where g.stream_id = 'first' and g.status = 'cancelled'), 1,
  'a later cancel changes nothing');

select * from finish(); rollback;
