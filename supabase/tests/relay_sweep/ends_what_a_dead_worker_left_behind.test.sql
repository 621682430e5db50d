begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- Ends what a dead worker left behind.
create temp table begun as select tests.call_begin('owner', 'first', 'And then?', conversation => 'tale') as answer;
select tests.call_beat('first', 0, 5, 'Once ');
select tests.call_beat('first', 5, 9, 'upon');
select tests.back_date('first', interval '16 seconds');
select is(tests.call_sweep(), '{"closed": 1, "pruned": 0}', 'one is ended');
select results_eq(
  $$ select m.user_id, m.conversation_id, m.parent_id::text, m.bot_id, m.content, m.is_user_author, m.is_streaming,
  m.is_complete, m.finish_reason, m.usage from public.messages m where m.stream_id = 'first' $$,
  $$ select tests.id('owner'), tests.key('tale'), answer ->> 'user_message_id', tests.key('bot'), 'Once upon', false,
  false, false, 'interrupted', null::jsonb from begun $$, 'what its beats had brought is the message');
select is(tests.leaf_of('tale'), 'Once upon', 'which is the active leaf');
select results_eq('select status, finish_reason, error_code, is_message from (
  select g.*, m.stream_id = g.stream_id as is_message
  from relay.generations g left join public.messages m on m.id = g.message_id) ended',
  $$ values ('interrupted', 'interrupted', 'interrupted', true) $$, 'the generation says so');
select ok(finished_at between clock_timestamp() - interval '5 seconds' and clock_timestamp(), 'it ended just now')
  from relay.generations;
select is(fence::text, answer ->> 'fence', 'its worker may be alive, and keeps the fence')
  from relay.generations, begun;
select is_empty('select * from relay.chunks', 'the chunks are gone');
select is(text_units, 9, 'how long the text was is known still') from relay.generations;

rollback to start; -- Ends as cancelled what was cancelled.
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
update relay.generations set cancel_requested_at = clock_timestamp();
select is(tests.call_sweep() ->> 'closed', '1', 'it is ended');
select results_eq('select status, finish_reason, error_code, fence from relay.generations',
  $$ values ('cancelled', 'cancelled', null::text, null::uuid) $$, 'as its user was answered, and for good');
select results_eq($$ select content, is_complete, finish_reason from public.messages where stream_id = 'first' $$,
  $$ values ('Once', false, 'cancelled') $$, 'the text is kept');
select is(tests.leaf_of('tale'), 'Once', 'and is the active leaf');

select * from finish(); rollback;
