begin; select plan(6);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
create temp table begun as select tests.call_begin('owner', 'first', 'Once upon a time') as answer;
select is(answer ->> 'outcome', 'admitted', 'it is admitted') from begun;
select is(answer -> 'context', '[{"role": "user", "content": "Once upon a time"}]', 'the context is what the user said'
  ) from begun;
select is(answer ->> 'parent_id', answer ->> 'user_message_id', 'the answer hangs below the user''s words') from begun;
select is(answer - array['outcome', 'fence', 'conversation_id', 'user_message_id', 'parent_id', 'context', 'rate'],
  jsonb_build_object(
  'bot_id', tests.key('bot'), 'access_key', 'key of bot', 'access_path', 'https://provider.example/v1', 'api', 'chat_completions',
  'model', 'model of bot', 'temperature', 0.5, 'system_prompt', 'instructions of bot', 'params', '{"top_p": 0.9}'::jsonb,
  'headers', '{}'::jsonb, 'takes_system', true, 'first_turn_is_user', false, 'thinks_first', null,
  'takes_prefill', false, 'reply_tokens', null, 'left_out', 0, 'memory', null, 'rests', false, 'fallbacks', '[]'::jsonb
  ), 'the worker gets all that the bot is') from begun;
select results_eq($$ select g.user_id, g.status, g.worker_id, g.model, g.fence::text, g.parent_id::text, g.leaf_id::text
  from relay.generations g where g.stream_id = 'first' $$,
  $$ select tests.id('owner'), 'running', 'worker', 'model of bot', answer ->> 'fence', answer ->> 'user_message_id',
  answer ->> 'user_message_id' from begun $$, 'the generation runs under the fence that the worker was given');
select is(lease_expires_at - started_at, interval '15 seconds', 'the lease counts from the start')
  from relay.generations where stream_id = 'first';

select * from finish(); rollback;
