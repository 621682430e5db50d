begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- A repeated call changes nothing.
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table fence as select g.fence from relay.generations g;
create temp table finished as select tests.call_finish('first', 'They lived.') as outcome;
create temp table before as select tests.everything() as everything;
select is(tests.call_finish('first', 'They lived.', fence => fence), outcome, 'it gets the outcome that is')
  from finished, fence;
select is(tests.call_finish('first', 'They died.', 'failed', 'error', 'internal', fence => fence), outcome,
  'whatever it wants to store') from finished, fence;
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(count(*), 1::bigint, 'there is one message') from public.messages where stream_id = 'first';

rollback to start; -- A foreign fence changes nothing.
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table before as select tests.everything() as everything;
select is(tests.call_finish('first', 'They lived.', fence => tests.id('foreign')) - array['bot_id', 'model'],
  '{"status": "running", "finish_reason": null, "error_code": null, "message_id": null, "is_complete": false}',
  'the answer is that the generation runs');
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(tests.call_finish('first') ->> 'status', 'completed', 'its own worker can still finish it');

rollback to start; -- Does not show a foreign fence where the text ends.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 4, 'Once');
create temp table before as select tests.everything() as everything;
select is(
  tests.call_finish('first', 'They died.', fence => tests.id('foreign'), start_at => start_at) ->> 'status', 'running',
  'the answer is that the generation runs, from ' || start_at || ' as well') from unnest(array[0, 4]) as start_at;
select is(tests.everything(), everything, 'nothing has changed') from before;

rollback to start; -- Answers null to an unknown stream id.
create temp table before as select tests.everything() as everything;
select is(tests.call_finish('unknown'), null, 'there is no outcome');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
