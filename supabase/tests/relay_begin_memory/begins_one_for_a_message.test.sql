begin; select plan(16);
select tests.given_tale('owner');
update public.bots set memory = true, context_tokens = 8000;
select tests.given_memory('first question', 'M0');
savepoint start;

-- Sends the older memory, and the path since then.
create temp table begun as select tests.call_begin_memory('owner', 'm', 'second answer') as answer;
select is(answer, jsonb_build_object(
  'outcome', 'admitted', 'parent_id', tests.key('second answer'), 'left_out', 1,
  'memory', jsonb_build_object('message_id', tests.key('first question'), 'content', 'M0'),
  'context', '[{"role": "assistant", "content": "first answer"}, {"role": "user", "content": "second question"},
    {"role": "assistant", "content": "second answer"}]'::jsonb, 'system_prompt', b.system_prompt, 'params', b.params
), 'and no key: the worker has that of the answer') from begun, public.bots b;
select results_eq(
  $$ select kind, user_id, conversation_id::text, bot_id::text, parent_id::text, memory_id::text, status,
  num_nonnulls(message_id, user_message_id, leaf_id) from relay.generations $$,
  $$ values ('memory', tests.id('owner'), tests.key('tale')::text, tests.key('bot')::text,
  tests.key('second answer')::text, tests.key('first question')::text, 'running', 0) $$,
  'it is a generation of its own kind');
select is(tests.call_begin_memory('owner', 'm', 'second answer'), answer, 'the same fence again gets the same answer') from begun;
select is(tests.call_begin_memory('owner', 'm2', 'second answer'), null, 'one runs for a message at most');
select is(tests.call_begin_memory('owner', 'm3', 'first answer') ->> 'outcome', 'admitted', 'another message is another');
select tests.back_date('m', interval '1 minute');
select is(tests.call_begin_memory('owner', 'm4', 'second answer') ->> 'outcome', 'admitted', 'a dead worker''s is no obstacle');
select is(status, 'interrupted', 'it is ended') from relay.generations where stream_id = 'm';
select is(tests.counted('memories_started_total'), 3::double precision, 'each is counted');

rollback to start; -- Begins nothing where nothing is to be written.
select tests.make_user('stranger');
select is(tests.call_begin_memory('owner', 'm', 'first question'), null, 'over a memory that is there');
select is(tests.call_begin_memory('stranger', 'm', 'second answer'), null, 'for another user''s message');
select is(tests.call_begin_memory('owner', 'm', 'no message'), null, 'for a message that is gone');
select is(tests.call_begin_memory('owner', 'm', 'second answer', 'no bot'), null, 'with a bot that is gone');
update public.bots set memory = false;
select is(tests.call_begin_memory('owner', 'm', 'second answer'), null, 'where the bot does not want it any more');
update public.bots set memory = true;
select is(tests.call_begin_memory('owner', 'm', 'second answer', max_context => 20) - 'rate',
  '{"outcome": "refused", "code": "payload_too_large", "characters": 42}', 'and says how long a path is that is too long');
update public.bots set context_tokens = 256;
update public.messages set content = repeat('x', 3000) where id = tests.key('second answer');
select is(tests.call_begin_memory('owner', 'm', 'second answer') ->> 'code', 'context_exceeded', 'where it fits no window');
select is_empty('select * from relay.generations', 'nothing is left of these');

select * from finish(); rollback;
