begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.everything() as everything;

select is(
  tests.call_finish('first', 'They died.', fence => tests.id('foreign')),
  jsonb_build_object(
    'status', 'interrupted', 'finish_reason', 'interrupted', 'error_code', 'interrupted', 'message_id', message_id,
    'is_complete', false
  ), 'a foreign fence is told how it ended'
) from relay.generations;
select is(
  public.relay_finish('first', null, 'completed', 'stop', null, 'They died.', null, null, null, null) ->> 'status',
  'interrupted', 'and so is none'
);
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(tests.call_finish('first', 'They lived.') ->> 'status', 'completed', 'its own worker still can');

select * from finish();
rollback;
