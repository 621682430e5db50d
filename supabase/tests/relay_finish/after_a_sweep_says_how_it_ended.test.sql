begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- Of what was swept says how it ended.
select tests.given_expired(stream_id, 'owner', 'Once ', 'tale', 'second answer')
  from unnest(array['cut', 'failed', 'late', 'left']) as stream_id;
select tests.call_sweep();
select is(tests.call_finish('left', 'Once upon', 'disconnected', 'disconnected') ->> 'error_code', null,
  'the interruption is replaced');
select is(
  tests.call_finish('failed', 'Once upon', 'failed', 'error', 'provider_error') ->> 'error_code', 'provider_error',
  'the provider failed in the end');
select tests.call_finish('late', 'Once upon', 'failed', 'timeout', 'timeout');
select tests.call_finish('cut', 'Once upon', 'interrupted', 'interrupted', 'interrupted');
select results_eq($$ select m.stream_id, m.content, m.is_complete, m.finish_reason, g.status, g.fence
  from public.messages m join relay.generations g on g.message_id = m.id order by m.stream_id $$,
  $$ values ('cut', 'Once upon', false, 'interrupted', 'interrupted', null::uuid),
  ('failed', 'Once upon', false, 'error', 'failed', null), ('late', 'Once upon', false, 'timeout', 'failed', null),
  ('left', 'Once upon', false, 'disconnected', 'disconnected', null) $$, 'each message says it, too');
select is(tests.call_finish('cut', 'Once upon a time.', fence => tests.id('fence of cut')) ->> 'status', 'interrupted',
  'what its worker has interrupted it does not complete any more');

rollback to start; -- Of what was swept is for its own worker.
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.everything() as everything;
select is(tests.call_finish('first', 'They died.', fence => tests.id('foreign')) - array['bot_id', 'model'], jsonb_build_object(
  'status', 'interrupted', 'finish_reason', 'interrupted', 'error_code', 'interrupted', 'message_id', message_id,
  'is_complete', false), 'a foreign fence gets how it ended') from relay.generations;
select is(
  public.relay_finish('first', null, 'completed', 'stop', null, 'They died.', null, null, null, null) ->> 'status',
  'interrupted', 'and so is none');
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(tests.call_finish('first', 'They lived.') ->> 'status', 'completed', 'its own worker still can');

rollback to start; -- Of what was swept counts once.
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.call_sweep();
create temp table finished as select tests.call_finish('first', 'Once upon a time.') as outcome;
create temp table before as select tests.all_but_counts() as everything;
select is(tests.call_finish('first', 'Once upon a time.', fence => tests.id('fence of first')), outcome,
  'a second one gets the outcome that is') from finished;
select is(tests.call_finish(
  'first', 'Twice.', 'failed', 'error', 'internal', fence => tests.id('fence of first'), start_at => 5
  ), outcome, 'whatever it brings') from finished;
select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'there is nothing left to sweep');
select is(tests.all_but_counts(), everything, 'nothing but the count of sweeps has changed') from before;

select * from finish(); rollback;
