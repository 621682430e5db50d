begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired(stream_id, 'owner', 'Once ', 'tale', 'second answer')
from unnest(array['cut', 'failed', 'late', 'left']) as stream_id;
select tests.call_sweep();

select is(
  tests.call_finish('left', 'Once upon', 'disconnected', 'disconnected') ->> 'error_code', null,
  'an interruption is forgotten'
);
select is(
  tests.call_finish('failed', 'Once upon', 'failed', 'error', 'provider_error') ->> 'error_code', 'provider_error',
  'the provider failed in the end'
);
select tests.call_finish('late', 'Once upon', 'failed', 'timeout', 'timeout');
select tests.call_finish('cut', 'Once upon', 'interrupted', 'interrupted', 'interrupted');
select results_eq(
  $$ select m.stream_id, m.content, m.is_complete, m.finish_reason, g.status, g.fence
    from public.messages m join relay.generations g on g.message_id = m.id order by m.stream_id $$,
  $$ values ('cut', 'Once upon', false, 'interrupted', 'interrupted', null::uuid),
    ('failed', 'Once upon', false, 'error', 'failed', null), ('late', 'Once upon', false, 'timeout', 'failed', null),
    ('left', 'Once upon', false, 'disconnected', 'disconnected', null) $$, 'each message says it, too'
);
select is(
  tests.call_finish('cut', 'Once upon a time.', fence => tests.id('fence of cut')) ->> 'status', 'interrupted',
  'what its worker has interrupted it does not complete any more'
);

select * from finish();
rollback;
