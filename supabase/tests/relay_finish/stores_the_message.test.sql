begin; select plan(7);
select tests.given_tale('owner');
savepoint start;

-- Stores the message.
create temp table begun as select tests.call_begin('owner', 'first', 'And then?', conversation => 'tale') as answer;
create temp table finished as select tests.call_finish(
  'first', 'They lived.', prompt_tokens => 10, completion_tokens => 3, total_tokens => 13, first_token_ms => 250,
  overhead_ms => 12
  ) as outcome;
select results_eq(
  $$ select m.user_id, m.conversation_id, m.parent_id::text, m.bot_id, m.content, m.is_user_author, m.is_streaming,
  m.is_complete, m.finish_reason, m.usage from public.messages m where m.stream_id = 'first' $$,
  $$ select tests.id('owner'), tests.key('tale'), answer ->> 'user_message_id', tests.key('bot'), 'They lived.', false,
  false, true, 'stop', '{"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}'::jsonb from begun $$,
  'below the user''s words stands the answer, whole');
select is(tests.leaf_of('tale'), 'They lived.', 'the active leaf moves to the answer');
select results_eq(
  $$ select g.status, g.finish_reason, g.error_code, g.prompt_tokens, g.completion_tokens, g.total_tokens,
  g.first_token_ms, g.overhead_ms from relay.generations g where g.stream_id = 'first' $$,
  $$ values ('completed', 'stop', null::text, 10, 3, 13, 250, 12) $$, 'the generation has its outcome');
select ok(g.finished_at >= g.started_at and g.fence is null, 'its worker can neither beat nor finish it any more')
  from relay.generations g where g.stream_id = 'first';
select is(outcome - array['bot_id', 'model'], jsonb_build_object(
  'status', 'completed', 'finish_reason', 'stop', 'error_code', null, 'is_complete', true,
  'message_id', (select m.id from public.messages m where m.stream_id = 'first')), 'the worker gets the stored ending'
  ) from finished;

rollback to start; -- Has no usage if the provider reports none.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first');
select is(usage, null, 'the message has none') from public.messages where stream_id = 'first';
select is(usage_is_estimated, true, 'the generation has an estimate') from relay.generations;

select * from finish(); rollback;
