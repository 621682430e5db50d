begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', 'ended', conversation => 'tale');
select tests.call_finish('ended');
select tests.call_begin('owner', 'running', conversation => 'tale');

select lives_ok($$ delete from public.conversations $$, 'a conversation can be deleted while it is answered');
select is(count(*), 0::bigint, 'its messages go with it') from public.messages;
select results_eq(
  $$ select stream_id, status, conversation_id, message_id from relay.generations order by stream_id $$,
  $$ values ('ended', 'completed', null::uuid, null::uuid), ('running', 'running', null, null) $$,
  'its generations stay and point nowhere'
);
select is(tests.call_cancel('owner', 'running'), '{"status": "cancelling"}', 'what runs can still be cancelled');

select * from finish();
rollback;
