begin; select plan(11);
select tests.given_tale('owner');
savepoint start;

-- Of what was swept replaces the message by the whole text.
select tests.call_begin('owner', 'first', 'And then?', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'Once ');
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
create temp table before as select m.* from public.messages m where m.stream_id = 'first';
select is(tests.call_finish(
  'first', 'Once upon a time.', start_at => 0, prompt_tokens => 10, completion_tokens => 3, total_tokens => 13,
  first_token_ms => 250) - array['bot_id', 'model'], jsonb_build_object(
  'status', 'completed', 'finish_reason', 'stop', 'error_code', null, 'message_id', id, 'is_complete', true
  ), 'it is completed') from before;
select results_eq(
  $$ select m.content, m.is_complete, m.finish_reason, m.usage from public.messages m where m.stream_id = 'first' $$,
  $$ values (
  'Once upon a time.', true, 'stop', '{"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}'::jsonb
  ) $$, 'the message is whole');
select results_eq(
  $$ select m.id, m.parent_id, m.bot_id, m.created_at from public.messages m where m.stream_id = 'first' $$,
  'select id, parent_id, bot_id, created_at from before', 'it is the same one, where it was');
select is(count(*), 8::bigint, 'there is no further one') from public.messages;
select is(tests.leaf_of('tale'), 'Once upon a time.', 'it is the active leaf');
select results_eq(
  'select status, finish_reason, error_code, fence, total_tokens, first_token_ms from relay.generations',
  $$ values ('completed', 'stop', null::text, null::uuid, 13, 250) $$, 'the generation has the outcome of its worker');
select is_empty('select * from relay.chunks', 'no chunk is left');

rollback to start; -- Of what was swept must bring the whole text.
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.everything() as everything;
select is(tests.call_finish('first', 'upon a time.', start_at => start_at), '{"expected_start": 0}',
  'from ' || start_at || ' there is nothing that it continues') from unnest(array[5, 1]) as start_at;
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(
  tests.call_finish('first', 'Once upon a time.', start_at => 0) ->> 'status', 'completed', 'the whole is taken then');

select * from finish(); rollback;
